"""Guide, start-over, catch-up and rewinding in Chromium, against the real origin and an archive.

The pictures carry the numbers of their frames, so what is compared is what the viewer sees.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import unix_ns
from tests.browser.conftest import RecordedStation, Visitor
from tests.browser.recorded_station import HOSTILE
from tests.recorded_media import CYCLE_FRAMES, RATE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]

EVERYTHING = ("uncaught", "dialog", "policy", "console", "stranger")
MEDIA = "document.querySelector('lensong-channel video, lensong-channel audio')"
MOVING = f"{MEDIA} && !{MEDIA}.paused && {MEDIA}.readyState >= 3 && {MEDIA}.currentTime > 0"

# The number in the picture: sixteen squares, a white one, a black one, then fourteen bits.
NUMBER = f"""(() => {{
  const picture = new OffscreenCanvas(64, 64).getContext("2d");
  picture.drawImage({MEDIA}, 0, 0, 64, 64);
  let number = 0;
  for (let place = 2; place < 16; place += 1) {{
    const at = picture.getImageData((place % 8) * 8 + 4, Math.floor(place / 8) * 32 + 16, 1, 1);
    number = 2 * number + (at.data[0] > 128 ? 1 : 0);
  }}
  return number;
}})()"""

# Stop at the first picture that is shown after this: in slow motion, since the browser tells of it
# late on a busy machine.
STOP_AT_ONCE = """(() => {
  const slow = ({ target }) => { target.defaultPlaybackRate = target.playbackRate = 0.0625; };
  document.addEventListener("play", slow, true);
  document.addEventListener("emptied", slow, true);
  document.addEventListener("playing", (event) => {
    event.target.pause();
    document.removeEventListener("play", slow, true);
    document.removeEventListener("emptied", slow, true);
    event.target.defaultPlaybackRate = event.target.playbackRate = 1;
    window.stopped = true;
  }, { capture: true, once: true });
})()"""

COUNT_STALLS = f"""(() => {{
  window.stalls = 0; let at = -1; let since = 0;
  window.setInterval(() => {{
    const media = {MEDIA};
    if (!media || media.paused || media.currentTime !== at) {{
      at = media ? media.currentTime : -1; since = performance.now();
    }}
    else if (performance.now() - since > 500) {{ window.stalls += 1; since = performance.now(); }}
  }}, 50);
}})()"""


def now_unix_s() -> float:
    return unix_ns() / 1e9


def plays(viewer: Visitor, *, seconds: float = 20) -> None:
    """Wait until time passes."""
    viewer.wait(MOVING, seconds=seconds)
    before = viewer.see(f"{MEDIA}.currentTime")
    viewer.wait(f"{MEDIA}.currentTime > {before} + 0.3")


def go_to(viewer: Visitor, path: str) -> None:
    """Go to an address without a new page."""
    viewer.see(f"history.pushState(null, '', {path!r})")
    viewer.see("dispatchEvent(new PopStateEvent('popstate'))")


def moment_shown(viewer: Visitor, near_s: float) -> float:
    """Return the moment of the picture on screen, UNIX seconds, the one nearest to ``near_s``."""
    number = viewer.see(NUMBER)
    cycle_s = CYCLE_FRAMES / RATE
    turns = round((near_s - number / RATE) / cycle_s)
    return round(float(turns * cycle_s + number / RATE), 3)


def stops_at_first_picture(viewer: Visitor) -> None:
    viewer.wait("window.stopped === true")
    viewer.wait(f"{MEDIA}.paused && !{MEDIA}.seeking")


def text_of(viewer: Visitor, selector: str) -> str:
    return str(viewer.see(f"document.querySelector({selector!r})?.textContent ?? ''"))


def day_of(unix_s: int) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC) + timedelta(hours=7):%Y-%m-%d}"


def address(text: str, unix_s: float) -> str:
    local = datetime.fromtimestamp(unix_s, UTC) + timedelta(hours=7)
    return f"{text}?t={local:%Y-%m-%dT%H:%M:%S}"


def test_the_guide_of_the_day_shows_what_runs_and_what_each_programme_offers(
    viewer: Visitor,
) -> None:
    viewer.open("/xem/hytv")
    viewer.wait("!!document.querySelector('.programme[aria-current]')")
    assert viewer.see("document.querySelector('.days [aria-pressed=true]').textContent") == (
        "Hôm nay"
    )
    running = "[data-programme=running]"
    assert viewer.see(f"document.querySelector('.programme[aria-current]').matches('{running}')")
    offers = "[...document.querySelectorAll('{} .offers > *')].map(e => e.textContent)"
    assert viewer.see(offers.format(running)) == ["Đang phát", "Xem từ đầu", "Xem trực tiếp"]
    assert viewer.see(offers.format("[data-programme=next]")) in (["Sắp phát"], [])
    # Only the list moved, so that the running programme is in sight.
    inside = viewer.see(
        f"(() => {{ const l = document.querySelector('.programmes').getBoundingClientRect();"
        f" const i = document.querySelector('{running}').getBoundingClientRect();"
        " return i.top >= l.top - 1 && i.top < l.bottom; })()"
    )
    assert inside
    assert viewer.see("window.scrollY") == 0
    assert viewer.complaints(*EVERYTHING) == []


def test_titles_are_text_whatever_they_hold(viewer: Visitor) -> None:
    viewer.open("/xem/hytv")
    viewer.wait("!!document.querySelector('.programme[aria-current]')")
    shown = "".join(char for char in HOSTILE if char != "\u202e")
    plays(viewer)
    for selector in (".on-now .title", "[data-programme=running] .name bdi", ".channel .song"):
        viewer.wait(f"document.querySelector({selector!r})?.textContent.includes('<script>')")
        assert text_of(viewer, selector) in (HOSTILE, shown)
    viewer.do("click", selector="[data-programme=running] .offer")
    viewer.wait("document.title.startsWith('<script>')")
    assert viewer.see("document.querySelectorAll('lensong-app script, .title img').length") == 0
    assert viewer.complaints(*EVERYTHING) == []


def test_start_over_plays_from_the_first_frame_of_the_programme(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    start_s, _ = recorded.programmes["running"]
    viewer.open("/xem/hytv")
    plays(viewer)
    viewer.see(f"window.sameMedia = {MEDIA}; {STOP_AT_ONCE}; 1")
    viewer.do("click", selector=".now-next .offer")
    stops_at_first_picture(viewer)
    assert viewer.see("location.pathname") == "/xem/hytv/running"
    assert viewer.see(f"window.sameMedia === {MEDIA}")
    assert 0 <= moment_shown(viewer, start_s) - start_s <= 3 / RATE
    assert "Đang mở" in text_of(viewer, "[data-programme=running] .offers")
    assert "trễ 8 phút" in text_of(viewer, ".live")
    viewer.do("click", selector=".live")
    viewer.wait("location.pathname === '/xem/hytv'")
    viewer.wait("document.querySelector('.live').classList.contains('at-edge')")
    plays(viewer)
    assert abs(moment_shown(viewer, now_unix_s()) - now_unix_s()) < 40
    assert viewer.complaints(*EVERYTHING) == []


@pytest.mark.parametrize("inside_s", [0.0, 3.70, 3.80, 100.02])
def test_a_moment_of_a_programme_begins_with_its_frame(
    recorded: RecordedStation, viewer: Visitor, inside_s: float
) -> None:
    start_s, _ = recorded.programmes["yesterday"]
    moment_s = int(start_s // 3.84 * 3.84 + 3.84 * 4 + inside_s) + 1
    viewer.open("/")
    viewer.see(f"{STOP_AT_ONCE}; 1")
    path = address("/xem/hytv/yesterday", moment_s)
    viewer.see(
        f"history.pushState(null, '', {path!r}); dispatchEvent(new PopStateEvent('popstate'))"
    )
    stops_at_first_picture(viewer)
    assert 0 <= moment_shown(viewer, moment_s) - moment_s <= 3 / RATE


def test_yesterdays_programme_is_chosen_played_and_ends(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    start_s, end_s = recorded.programmes["yesterday"]
    viewer.open("/xem/hytv")
    viewer.wait("!!document.querySelector('.programme[aria-current]')")
    viewer.do("click", selector=f"[data-day='{day_of(start_s)}']")
    viewer.wait("!!document.querySelector('[data-programme=yesterday]')")
    plays(viewer)
    viewer.see(f"{STOP_AT_ONCE}; 1")
    viewer.do("click", selector="[data-programme=yesterday] .offer")
    stops_at_first_picture(viewer)
    assert 0 <= moment_shown(viewer, start_s) - start_s <= 3 / RATE
    assert viewer.see("document.title").startswith("Nông nghiệp và nông thôn")
    assert text_of(viewer, ".watching .title") == "Nông nghiệp và nông thôn"
    assert text_of(viewer, ".live") == "Về trực tiếp"
    viewer.see("document.querySelector('.seek-bar').focus()")
    viewer.do("key", key="End")
    viewer.do("key", key="ArrowLeft")
    viewer.wait(f"Math.abs(document.querySelector('.seek-bar').value - {end_s - 30}) <= 2")
    viewer.do("key", key="End")
    viewer.see(f"{MEDIA}.play(); 1")
    viewer.wait_for_text("Đã hết chương trình")
    viewer.do("click", selector=".overlay .big")
    plays(viewer)
    assert abs(moment_shown(viewer, start_s) - start_s) < 10
    assert viewer.complaints(*EVERYTHING) == []


def test_live_is_rewound_ten_minutes_and_comes_back(viewer: Visitor) -> None:
    viewer.open("/xem/hytv")
    plays(viewer)
    assert not viewer.see(
        "performance.getEntriesByType('resource').some(e => e.name.includes('/dvr/'))"
    )
    viewer.see("document.querySelector('.seek-bar').focus()")
    viewer.do("key", key="PageDown")
    viewer.do("key", key="PageDown")
    plays(viewer)
    at_s = viewer.see("Number(document.querySelector('.seek-bar').value)")
    assert 595 < now_unix_s() - at_s < 650
    assert abs(moment_shown(viewer, at_s) - at_s) < 2.5
    assert "trễ 10 phút" in text_of(viewer, ".live")
    assert "trễ 10 phút" in viewer.see(
        "document.querySelector('.seek-bar').getAttribute('aria-valuetext')"
    )
    assert viewer.see("/^\\?t=\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d$/.test(location.search)")
    viewer.do("click", selector=".skip[aria-keyshortcuts=ArrowRight]")
    viewer.wait(f"document.querySelector('.seek-bar').value - {at_s} > 29")
    plays(viewer)
    viewer.do("click", selector=".live")
    viewer.wait("location.search === '' && location.pathname === '/xem/hytv'")
    viewer.wait("document.querySelector('.live').classList.contains('at-edge')")
    plays(viewer)
    assert now_unix_s() - moment_shown(viewer, now_unix_s()) < 40
    viewer.do("back")
    viewer.wait("location.search.startsWith('?t=')")
    viewer.wait("document.querySelector('.live').textContent.includes('trễ')")
    plays(viewer)
    viewer.do("back")
    viewer.wait("location.search === ''")
    viewer.wait("document.querySelector('.live').classList.contains('at-edge')")
    assert viewer.complaints(*EVERYTHING) == []


def test_a_reload_keeps_the_place(recorded: RecordedStation, viewer: Visitor) -> None:
    start_s, _ = recorded.programmes["before"]
    for path, begin_s in (
        ("/xem/hytv/before", start_s),
        (address("/xem/hytv", now_unix_s() - 420), now_unix_s() - 420),
    ):
        viewer.open(path)
        plays(viewer)
        viewer.see("document.querySelector('.seek-bar').focus()")
        viewer.do("key", key="ArrowRight")
        viewer.do("key", key="ArrowRight")
        plays(viewer)
        viewer.wait(f"document.querySelector('.seek-bar').value > {begin_s + 61}")
        before_s = moment_shown(viewer, begin_s + 62)
        viewer.do("reload")
        plays(viewer)
        assert -3 < moment_shown(viewer, before_s) - before_s < 12
    assert viewer.complaints(*EVERYTHING) == []


def test_what_cannot_be_watched_is_said_in_words_with_a_way_out(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    for name, sentence, code in (
        ("refused", "Chương trình này không được phép xem lại.", "LS-P2"),
        ("old-3", "Đoạn này đã hết hạn xem lại hoặc không còn được lưu.", "LS-G3"),
        ("next", "Chương trình này chưa phát sóng; bắt đầu lúc", "LS-G2"),
        ("nothing", "Không có chương trình này.", "LS-G1"),
    ):
        viewer.open(f"/xem/hytv/{name}")
        viewer.wait_for_text(sentence)
        viewer.wait_for_text(f"Mã lỗi {code}")
        viewer.do("click", selector=".ways .secondary")
        viewer.wait_for_text(f"Mã lỗi {code}")
    start_s, _ = recorded.programmes["refused"]
    viewer.do("click", selector=".ways .to-live")
    viewer.wait("location.pathname === '/xem/hytv'")
    plays(viewer)
    viewer.do("click", selector=f"[data-day='{day_of(start_s)}']")
    viewer.wait("!!document.querySelector('[data-programme=refused]')")
    assert text_of(viewer, "[data-programme=refused] .offers") == "Không phát lại"
    assert viewer.complaints(*EVERYTHING) == []


def test_a_refusal_of_the_playlist_is_said_in_words(viewer: Visitor) -> None:
    viewer.open("/")
    viewer.do("answer", path="/programmes/before/**", status=403, json={})
    path = "/xem/hytv/before"
    viewer.see(
        f"history.pushState(null, '', {path!r}); dispatchEvent(new PopStateEvent('popstate'))"
    )
    viewer.wait_for_text("Chương trình này không được phép xem lại.")
    assert viewer.complaints("uncaught", "dialog", "policy", "stranger") == []


def test_a_hole_is_skipped_and_said(recorded: RecordedStation, viewer: Visitor) -> None:
    start_s, _ = recorded.programmes["before"]
    viewer.open(address("/xem/hytv/before", start_s + 50))
    plays(viewer)
    viewer.wait_for_text("Một đoạn không được lưu, đã bỏ qua.", seconds=30)
    plays(viewer)
    assert moment_shown(viewer, start_s + 70) > start_s + 63
    # Neither a seek nor a visit ends in it.
    viewer.see("document.querySelector('.seek-bar').focus()")
    viewer.do("key", key="Home")
    plays(viewer)
    viewer.do("key", key="ArrowRight")
    viewer.do("key", key="ArrowRight")
    plays(viewer)
    viewer.open(address("/xem/hytv/before", start_s + 63))
    plays(viewer)
    assert moment_shown(viewer, start_s + 70) > start_s + 63
    assert viewer.complaints(*EVERYTHING) == []


def test_on_now_moves_on_by_itself(recorded: RecordedStation, viewer: Visitor) -> None:
    recorded.end_songs(1800)
    viewer.open("/nghe/hyfm")
    viewer.wait_for_text("Quà tặng")
    before = viewer.see("document.querySelector('.on-now progress').value")
    viewer.wait(f"document.querySelector('.on-now progress').value > {before}")
    recorded.end_songs(8)
    viewer.wait("document.querySelector('.on-now .title').textContent === 'Trò chuyện'", seconds=40)
    viewer.wait("!!document.querySelector('[data-programme=talk][aria-current]')")
    assert "Nghe lại" in text_of(viewer, "[data-programme=songs] .offers")
    assert viewer.complaints(*EVERYTHING) == []


def test_a_programme_that_ends_goes_on_with_what_follows(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    end_s = recorded.end_songs(20)
    viewer.open("/nghe/hyfm")
    viewer.wait("!!document.querySelector('[data-programme=songs][aria-current]')")
    plays(viewer)
    viewer.do("click", selector="[data-programme=songs] .offer")
    viewer.wait("location.pathname === '/nghe/hyfm/songs'")
    plays(viewer)
    viewer.see(f"{COUNT_STALLS}; document.querySelector('.seek-bar').focus()")
    viewer.do("key", key="End")
    plays(viewer)
    viewer.see("window.stalls = 0")
    viewer.wait("location.pathname === '/nghe/hyfm'", seconds=90)
    plays(viewer)
    assert now_unix_s() > end_s
    assert viewer.see("window.stalls") <= 1  # the change of playlists
    assert viewer.complaints(*EVERYTHING) == []


def test_small_pictures_show_while_scrubbing_and_missing_ones_do_not(viewer: Visitor) -> None:
    picture = "R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs="  # one pixel
    viewer.open("/")
    channels = viewer.see(
        "fetch('/api/v1/channels.json').then(a => a.json()).then(told => { for (const c of"
        " told.channels) c.thumb_template = `/thumb/${c.id}/{msn}.jpg`; return told; })"
    )
    viewer.do("answer", path="/api/v1/channels.json", json=channels)
    for digit in range(5, 10):
        viewer.do("answer", path=f"/thumb/hytv/*{digit}.jpg", base64=picture, type="image/gif")
    viewer.do("reload")
    viewer.do("click", selector="[data-channel=hytv]")
    plays(viewer)
    shown = "(() => { const i = document.querySelector('.preview img'); return [!i.hidden,"
    shown += " /^\\/thumb\\/hytv\\/\\d+[5-9]\\.jpg$/.test(i.getAttribute('src'))]; })()"
    seen = []
    for step in range(1, 60):
        viewer.do("hover", selector=".seek-bar", share=0.3 + step / 150)
        assert viewer.see("!document.querySelector('.preview').hidden")
        viewer.wait("document.querySelector('.preview img').complete")
        is_shown, is_there = viewer.see(shown)
        if is_there:
            viewer.wait("!document.querySelector('.preview img').hidden")
        seen.append((is_shown, is_there))
        if (False, False) in seen and any(there for _, there in seen):
            break
    assert any(there for _, there in seen)
    assert (False, False) in seen
    assert viewer.complaints(*EVERYTHING) == []


def test_radio_shows_its_last_songs_and_leads_back_to_them(viewer: Visitor) -> None:
    viewer.open("/nghe/hyfm")
    viewer.wait("document.querySelectorAll('.songs li').length === 3")
    assert viewer.see(
        "[...document.querySelectorAll('.songs .title')].map(e => e.textContent)"
    ) == ["Tiến quân ca", "<b>Quê hương</b>", "Bài ca năm tấn"]
    plays(viewer)
    viewer.do("click", selector=".songs li:nth-child(2) a")
    viewer.wait("location.search.startsWith('?t=')")
    plays(viewer)
    viewer.wait("document.querySelector('.song-line').textContent.includes('Quê hương')")
    assert viewer.complaints(*EVERYTHING) == []


def test_a_programme_is_found_without_diacritics_and_played(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    viewer.open("/")
    viewer.wait("!!document.querySelector('[type=search]')")
    typed = "(() => { const i = document.querySelector('[type=search]'); i.value = '%s';"
    typed += " i.dispatchEvent(new Event('input')); })()"
    viewer.see(typed % "thoi su")
    viewer.wait("document.querySelector('.found .title')?.textContent.includes('<script>')")
    viewer.see(typed % "khong co gi nhu the")
    viewer.wait_for_text("Không tìm thấy chương trình nào.")
    viewer.see(typed % "nong thon")
    viewer.wait("document.querySelector('.found .title')?.textContent.includes('Nông nghiệp')")
    viewer.do("click", selector=".found a")
    viewer.wait("location.pathname === '/xem/hytv/yesterday'")
    plays(viewer)
    start_s, _ = recorded.programmes["yesterday"]
    assert abs(moment_shown(viewer, start_s) - start_s) < 5
    assert viewer.complaints(*EVERYTHING) == []


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (320, "dark"), (1366, "dark")])
def test_nothing_is_wider_than_the_screen(viewer: Visitor, width: int, scheme: str) -> None:
    for path in ("/xem/hytv", "/xem/hytv/before", "/nghe/hyfm", "/xem/hytv/refused"):
        viewer.open(path, width=width, height=700, scheme=scheme)
        viewer.wait("!!document.querySelector('.programme')")
        assert viewer.see("document.documentElement.scrollWidth") == width
        small = viewer.see(
            "[...document.querySelectorAll('button, select, a')].filter(e => e.offsetParent"
            " && (e.offsetHeight < 38 || e.offsetWidth < 38)).map(e => e.outerHTML)"
        )
        assert small == []
        unnamed = viewer.see(
            "[...document.querySelectorAll('button, select, input, progress')].filter(e =>"
            " e.offsetParent && !e.getAttribute('aria-label') && !e.closest('label')"
            " && !e.innerText).map(e => e.outerHTML)"
        )
        assert unnamed == []
