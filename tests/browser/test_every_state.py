"""Accessibility (axe: WCAG 2.2 AA and best practice) of every page and state, dark and light.

Other tests judge a state where they are in it; here stand those that none of them passes, and
every page in the colours in which nothing else judges it:

=====================================  ==========================================================
page or state                          judged in
=====================================  ==========================================================
home                                   test_pages (light), here (dark)
home with what was begun               test_places
home without channels, list failed     here
guide of all channels                  test_pages (dark), here (light)
guide of one channel                   here
search, results and none               test_pages, here
podcasts, clip, clip that is missing   test_pages, here
options                                test_pages (both)
small player                           test_pages; with any title, here
channel live                           test_controls, here (dark)
settings, captions, sleep, help        test_controls
statistics, typed number               test_controls, here
share                                  test_sharing, here (dark)
catch-up; offer to go on               here; test_places
expired, to come, refused, unknown     here
tap to play, other apps' browsers      test_places
fault that is tried again              here
radio, its songs                       here
embedded player, clip                  test_sharing, here
a page that is not there               here
television view, its menus             test_tv
no network                             test_offline
=====================================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import RecordedStation, Visitor
from tests.browser.recorded_station import HOSTILE, LONG

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

EVERYTHING = ("uncaught", "dialog", "policy", "stranger")
MEDIA = "document.querySelector('lensong-channel video, lensong-channel audio')"
MOVING = f"{MEDIA} && !{MEDIA}.paused && {MEDIA}.readyState >= 3 && {MEDIA}.currentTime > 0"
THEME = "document.documentElement.dataset.theme = '{}'; 1"


def is_accessible(visitor: Visitor, state: str, colours: tuple[str, ...]) -> None:
    for colour in colours:
        visitor.see(THEME.format(colour))
        # What changes its colour slowly, or moves in, is judged when it is there.
        visitor.wait("document.getAnimations().every(a => !(a instanceof CSSTransition))")
        assert visitor.do("axe") == [], f"{state}, {colour}"


BOTH = ("light", "dark")

STATES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "home": ("/", "document.querySelectorAll('[data-past]').length > 0", ("dark",)),
    "guide": ("/lich", "!!document.querySelector('.column .programme')", ("light",)),
    "guide of a channel": ("/lich/hytv", "!!document.querySelector('[data-programme]')", BOTH),
    "search": ("/tim?q=dai", "!!document.querySelector('.result')", ("dark",)),
    "nothing found": ("/tim?q=khong-co-gi", "/Không tìm thấy/.test(document.body.innerText)", BOTH),
    "podcasts": ("/nghe-lai", "!!document.querySelector('.episode')", ("light",)),
    "no such clip": ("/clip/nothing", "/Không có clip/.test(document.body.innerText)", BOTH),
    "expired": ("/xem/hytv/old-3", "/LS-G3/.test(document.body.innerText)", BOTH),
    "to come": ("/xem/hytv/next", "/LS-G2/.test(document.body.innerText)", ("dark",)),
    "refused": ("/xem/hytv/refused", "/LS-P2/.test(document.body.innerText)", ("light",)),
    "unknown": ("/xem/hytv/nothing", "/LS-G1/.test(document.body.innerText)", ("dark",)),
    "radio": ("/nghe/hyfm", f"{MOVING} && !!document.querySelector('.programme')", BOTH),
    "catch-up": ("/xem/hytv/before", f"{MOVING} && !!document.querySelector('.ticks')", BOTH),
    "not there": ("/nothing/here", "!!document.querySelector('h1')", ("light",)),
}


@pytest.fixture(scope="module")
def looked_at(viewer: Visitor) -> Iterator[Visitor]:
    """Return a browser with the page open."""
    viewer.open("/lich", width=900, height=900)
    yield viewer
    assert viewer.complaints(*EVERYTHING) == []


@pytest.mark.parametrize("state", STATES)
def test_a_page_is_accessible(looked_at: Visitor, state: str) -> None:
    path, is_there, colours = STATES[state]
    looked_at.do("go", url=looked_at.site + path)
    looked_at.wait(is_there)
    is_accessible(looked_at, state, colours)


def test_what_opens_over_a_channel_is_accessible(viewer: Visitor) -> None:
    viewer.open("/xem/hytv", scheme="dark", width=900, height=900)
    viewer.wait(MOVING)
    is_accessible(viewer, "live", ("dark",))
    viewer.do("key", key="Shift+S")
    viewer.wait("!!document.querySelector('[data-statistic=session]')")
    is_accessible(viewer, "statistics", ("light",))
    viewer.do("key", key="Shift+S")
    viewer.do("key", key="s")
    viewer.wait("document.querySelector('dialog.share')?.open === true")
    is_accessible(viewer, "share", ("dark",))
    viewer.do("key", key="Escape")
    # Not the list of channels, nor what plays: faults that are tried again.
    viewer.do("answer", path="/live/hytv/**", status=503, json={})
    viewer.do("answer", path="/api/v1/clips.json", status=503, json={})
    viewer.do("go", url=f"{viewer.site}/nghe-lai")
    viewer.wait_for_text("Chưa tải được danh sách.")
    is_accessible(viewer, "podcasts failed", BOTH)
    viewer.do("go", url=f"{viewer.site}/xem/hytv")
    viewer.wait_for_text("Mã lỗi LS-C1")
    is_accessible(viewer, "fault", BOTH)
    viewer.do("answer", path="/api/v1/channels.json", json={"station": "Đài", "channels": []})
    viewer.do("go", url=viewer.site)
    viewer.wait_for_text("Chưa có kênh nào.")
    is_accessible(viewer, "no channels", BOTH)
    viewer.do("answer", path="/api/v1/channels.json", status=503, json={})
    viewer.do("go", url=viewer.site)
    viewer.wait_for_text("Mã lỗi LS-A1")
    is_accessible(viewer, "list failed", BOTH)


def test_the_small_player_shows_any_title_as_text_and_gives_the_focus_back(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    begin = recorded.programmes["long"][0]
    for address, title in (("/xem/hytv", HOSTILE), (f"/xem/hytv/long?t={begin + 20}", LONG)):
        viewer.open(address, width=320, height=640)
        viewer.wait(MOVING)
        viewer.do("click", selector=".brand")
        viewer.wait("!!document.querySelector('.home') && !!document.querySelector('.docked')")
        shown = "document.querySelector('.mini-line').textContent"
        viewer.wait(f"{shown}.length > 30")
        line = viewer.see(shown)
        assert len(line) > 30
        assert title.replace("\u202e", "").startswith(line)
        assert viewer.see("document.querySelectorAll('lensong-app script, .mini img').length") == 0
        assert viewer.see("document.querySelector('.docked').offsetHeight") <= 80
        assert viewer.see("document.documentElement.scrollWidth") == 320
        assert viewer.do("axe", selector=".docked") == []
    viewer.see("document.querySelector('.mini-close').focus(); 1")
    viewer.do("key", key="Enter")
    viewer.wait("!document.querySelector('.docked')")
    # On the page, whose first link follows: not at the top of everything, and not nowhere.
    assert viewer.see("document.activeElement.tagName") == "MAIN"
    viewer.do("key", key="Tab")
    assert viewer.see("document.activeElement.closest('main') !== null")
    assert viewer.complaints(*EVERYTHING, "console") == []


def test_clips_play_in_a_frame_with_picture_or_with_sound_alone(viewer: Visitor) -> None:
    for name, tag in (("listed-clip", "video"), ("known-clip", "audio")):
        viewer.open(f"/embed/clip/{name}", width=480, height=232)
        media = f"document.querySelector('{tag}.clip')"
        viewer.wait(f"{media}?.readyState >= 1")
        assert viewer.see(f"{media}.paused && {media}.duration > 59")
        assert viewer.see("document.querySelectorAll('script:not([src])').length") == 0
        assert viewer.see("document.querySelector('a.way-out').pathname") == f"/clip/{name}"
        assert viewer.do("axe") == []
        viewer.see(f"{media}.play(); 1")
        viewer.wait(f"{media}.currentTime > 0.2")
        assert viewer.see("document.documentElement.scrollWidth") == 480
        assert viewer.complaints(*EVERYTHING, "console") == []
    viewer.open("/embed/clip/listed-clip?autoplay=1", width=480, height=270)
    viewer.wait("document.querySelector('video')?.currentTime > 0.2")
    assert viewer.see("document.querySelector('video').muted")
    viewer.open("/embed/clip/nothing", width=320, height=232)
    viewer.wait_for_text("Không có clip này")
    assert viewer.do("axe") == []
