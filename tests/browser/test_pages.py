"""The pages around the player: home, guide, search, podcasts, clips, options, small player."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.conftest import RecordedStation, Visitor
from tests.browser.recorded_station import HOSTILE, LONG

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

EVERYTHING = ("uncaught", "dialog", "policy", "console", "stranger")
MEDIA = "document.querySelector('lensong-channel video, lensong-channel audio')"
MOVING = f"{MEDIA} && !{MEDIA}.paused && {MEDIA}.readyState >= 3 && {MEDIA}.currentTime > 0"
SMALL = (
    "[...document.querySelectorAll('button, select, a, summary')].filter(e => e.offsetParent"
    " && (e.offsetHeight < 38 || e.offsetWidth < 38)).map(e => e.outerHTML.slice(0, 200))"
)
COUNT_BREAKS = f"""(() => {{
  window.breaks = [];
  for (const name of ["pause", "emptied", "waiting", "seeking"]) {{
    {MEDIA}.addEventListener(name, () => window.breaks.push(name));
  }}
}})()"""


def texts(viewer: Visitor, selector: str) -> list[str]:
    found = f"[...document.querySelectorAll({selector!r})].map(e => e.textContent)"
    return list(viewer.see(found))


def there(viewer: Visitor, selector: str) -> None:
    viewer.wait(f"!!document.querySelector({selector!r})")


def fits(viewer: Visitor, width: int) -> None:
    """Say that nothing is wider than the screen, and everything is large enough to be hit."""
    assert viewer.see("document.documentElement.scrollWidth") == width
    assert viewer.see(SMALL) == []


def day_of(unix_s: int) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC) + timedelta(hours=7):%Y-%m-%d}"


def test_home_shows_what_is_on_and_next_and_favourites_first(viewer: Visitor) -> None:
    viewer.open("/")
    viewer.wait("document.querySelector('.tile .tile-now')?.textContent.includes('<script>')")
    assert texts(viewer, "h1") == ["Xem và nghe trực tiếp"]
    assert texts(viewer, "[data-channel=hytv] .tile-now") == [HOSTILE.replace("\u202e", "")]
    assert texts(viewer, "[data-channel=hytv] .tile-next bdi") == ["Dự báo thời tiết"]
    assert texts(viewer, "[data-channel=hyfm] .tile-now") == ["Tiến quân ca"]
    assert 0.1 < viewer.see("document.querySelector('[data-channel=hytv] progress').value") < 0.4
    assert viewer.see("document.querySelector('[data-channel=hytv] img').naturalWidth") > 0
    there(viewer, "[data-past=long]")
    (long,) = texts(viewer, "[data-past=long] .past-title")
    assert len(long) > 200  # the guide keeps so much of it
    assert LONG.startswith(long)
    assert viewer.see("document.querySelector('[data-past=long]').offsetHeight") < 400
    assert viewer.see("document.querySelectorAll('lensong-app script').length") == 0
    assert viewer.do("axe") == []
    viewer.see("document.querySelector('[data-star=hyfm]').focus()")
    viewer.do("key", key="Enter")
    groups = "[...document.querySelectorAll('.group')].map(g => [g.ariaLabel,"
    groups += " ...[...g.querySelectorAll('[data-channel]')].map(a => a.dataset.channel)])"
    wanted = [["Yêu thích", "hyfm"], ["Truyền hình", "hytv"]]
    assert viewer.see(groups) == wanted
    assert viewer.see("document.activeElement.dataset.star") == "hyfm"
    viewer.do("reload")
    there(viewer, ".tile")
    assert viewer.see(groups) == wanted
    assert viewer.see("document.querySelector('[data-star=hyfm]').ariaPressed") == "true"
    assert viewer.complaints(*EVERYTHING) == []


def test_the_guide_of_all_channels_by_day_has_an_address(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    yesterday = day_of(recorded.programmes["yesterday"][0])
    viewer.open("/lich", scheme="dark")
    there(viewer, "[data-column=hytv] [data-programme=running][aria-current]")
    assert viewer.see("document.querySelectorAll('.column').length") == 2
    viewer.wait("document.querySelector('[data-column=hytv] .glance').innerText.includes('<scr')")
    assert viewer.do("axe") == []
    viewer.do("click", selector=f".guide-days [data-day='{yesterday}']")
    there(viewer, "[data-programme=yesterday]")
    assert viewer.see("location.search") == f"?ngay={yesterday}"
    viewer.do("back")
    there(viewer, "[data-programme=running]")
    viewer.do("resize", width=320, height=640)
    viewer.do("reload")
    there(viewer, ".column summary")
    assert viewer.see("document.querySelectorAll('.programme').length") == 0
    viewer.see("document.querySelector('[data-column=hytv] summary').focus()")
    viewer.do("key", key="Enter")
    there(viewer, "[data-programme=long]")
    assert viewer.see("document.querySelector('[data-programme=long]').offsetHeight") < 300
    fits(viewer, 320)
    assert viewer.complaints(*EVERYTHING) == []


def test_a_search_has_an_address_to_come_back_to(viewer: Visitor) -> None:
    viewer.open("/", width=390, height=844)
    there(viewer, "[type=search]")
    viewer.see("document.querySelector('[type=search]').focus()")
    viewer.do("type", text="nong thon")
    viewer.do("key", key="Enter")
    viewer.wait("location.pathname === '/tim' && !!document.querySelector('.result')")
    assert viewer.see("location.search") == "?q=nong%20thon"
    assert texts(viewer, ".result .title") == ["Nông nghiệp và nông thôn"]
    assert viewer.see("document.title").startswith("nong thon · Tìm kiếm")
    assert viewer.do("axe") == []
    viewer.do("click", selector=".result")
    viewer.wait("location.pathname === '/xem/hytv/yesterday'")
    viewer.do("back")
    there(viewer, ".result")
    assert viewer.see("document.querySelector('[type=search]').value") == "nong thon"
    viewer.see("document.querySelector('[type=search]').select()")
    viewer.do("type", text="rat dai")
    viewer.wait("document.querySelector('.result .title')?.textContent.startsWith('Rất dài')")
    assert viewer.see("document.querySelector('.result').offsetHeight") < 200
    fits(viewer, 390)
    assert viewer.complaints(*EVERYTHING) == []


@pytest.mark.parametrize("path", ["/xem/hytv", "/nghe/hyfm"])
def test_what_plays_goes_on_small_while_one_browses(viewer: Visitor, path: str) -> None:
    viewer.open(path, width=390, height=600)
    viewer.wait(MOVING)
    viewer.see(f"window.same = {MEDIA}; {COUNT_BREAKS}")
    viewer.do("click", selector=".top-links a[href='/lich']")
    there(viewer, ".guide-page ~ .docked .mini")
    before = viewer.see("window.same.currentTime")
    viewer.do("click", selector=".brand")
    there(viewer, ".home")
    viewer.wait(f"window.same.currentTime > {before} + 1")
    assert viewer.see(f"window.same === {MEDIA} && !window.same.paused")
    assert viewer.see("window.breaks") == []
    assert viewer.do("axe") == []
    fits(viewer, 390)
    # What has the focus is never under it.
    hidden = "[...document.querySelectorAll('.page a, .page button, .page input')].filter(e => {"
    hidden += " e.focus(); return e.getBoundingClientRect().bottom >"
    hidden += " document.querySelector('.docked').getBoundingClientRect().top; }).length"
    assert viewer.see(hidden) == 0
    viewer.do("click", selector=".mini-play")
    viewer.wait("window.same.paused")
    viewer.do("click", selector=".mini-play")
    viewer.wait("!window.same.paused")
    viewer.do("click", selector=".mini-back")
    viewer.wait(f"location.pathname === {path!r} && !document.querySelector('.docked')")
    assert viewer.see(f"window.same === {MEDIA}")
    there(viewer, ".side .channel")
    viewer.do("back")
    there(viewer, ".docked")
    viewer.do("click", selector=".mini-close")
    viewer.wait(f"!{MEDIA} && window.same.paused")
    assert viewer.see("document.activeElement.tagName") == "MAIN"
    assert viewer.complaints(*EVERYTHING) == []


def test_another_channel_takes_the_small_players_place(viewer: Visitor) -> None:
    viewer.open("/nghe/hyfm")
    viewer.wait(MOVING)
    viewer.do("click", selector=".brand")
    there(viewer, ".docked")
    viewer.do("click", selector="[data-channel=hytv]")
    viewer.wait("!document.querySelector('audio, .docked, .home')")
    viewer.wait(MOVING)
    assert viewer.see("document.querySelectorAll('video').length") == 1
    assert viewer.complaints(*EVERYTHING) == []


def test_podcasts_and_clips_are_listed_and_played(viewer: Visitor) -> None:
    viewer.open("/nghe/hyfm")
    viewer.wait(MOVING)
    viewer.do("click", selector=".top-links a[href='/nghe-lai']")
    there(viewer, ".episode")
    assert texts(viewer, ".episode .name") == [HOSTILE, "Lúa mùa"]
    assert texts(viewer, ".result .title") == [HOSTILE]
    viewer.do("click", selector="[data-episode=e1] button")
    viewer.wait("document.querySelector('[data-episode=e1] audio')?.currentTime > 0.2")
    assert viewer.see("!document.querySelector('lensong-channel')")
    assert viewer.do("axe") == []
    viewer.do("click", selector="[data-clip=listed-clip]")
    there(viewer, ".clip video")
    viewer.see("document.querySelector('.clip video').play(); 1")
    viewer.wait("document.querySelector('.clip video').currentTime > 0.2")
    assert texts(viewer, "h1") == [HOSTILE]
    address = viewer.see("document.querySelector('#clip-address').value")
    assert address == f"{viewer.site}/clip/listed-clip"
    assert viewer.do("axe") == []
    viewer.open("/clip/known-clip", width=320, height=640, scheme="dark")
    there(viewer, ".clip audio")
    fits(viewer, 320)
    viewer.open("/clip/nothing")
    viewer.wait_for_text("Không có clip này")
    viewer.open("/nghe-lai/nha-nong", width=320, height=640, scheme="dark")
    there(viewer, ".episode")
    assert texts(viewer, "h1") == ["Bạn của nhà nông"]
    assert viewer.do("axe") == []
    fits(viewer, 320)
    assert viewer.complaints(*EVERYTHING) == []


def test_colours_and_letters_are_chosen_and_remembered(viewer: Visitor) -> None:
    viewer.open("/", width=320, height=640)
    there(viewer, ".tile")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = viewer.see(ground)
    viewer.do("click", selector=".top .options")
    there(viewer, "dialog[open]")
    assert viewer.do("axe") == []
    viewer.do("click", selector=".choice:has([value=dark])")
    viewer.do("click", selector=".choice:has([value='150'])")
    viewer.do("click", selector=".choice[lang=en]")
    viewer.wait("document.querySelector('dialog h2').textContent === 'Options'")
    assert viewer.do("axe") == []
    viewer.do("key", key="Escape")
    viewer.wait("!document.querySelector('dialog')")
    assert viewer.see("document.activeElement.matches('.options')")
    assert viewer.see(ground) != light
    viewer.do("reload")
    there(viewer, ".tile")
    assert viewer.see(ground) != light
    assert viewer.see("getComputedStyle(document.documentElement).fontSize") == "24px"
    assert viewer.see("document.documentElement.lang") == "en"
    fits(viewer, 320)
    assert viewer.do("axe") == []
    for path, sign in (
        ("/lich", ".column"),
        ("/tim?q=dai", ".result"),
        ("/xem/hytv", ".programme"),
    ):
        viewer.do("go", url=viewer.site + path)
        there(viewer, sign)
        assert viewer.see("document.documentElement.scrollWidth") == 320, path
    assert viewer.complaints(*EVERYTHING) == []
