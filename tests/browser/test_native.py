"""The page in a browser without Media Source Extensions, and radio without playlists.

Chromium plays HLS by itself as well, so it stands for Safari: nothing of hls.js is loaded.  It
tells no dates and does not seek in what is growing, so it is the harder case of the two.
"""

from __future__ import annotations

import pytest

from tests.browser.conftest import RecordedStation, Station, Visitor
from tests.browser.test_archive_page import (
    EVERYTHING,
    MEDIA,
    address,
    go_to,
    moment_shown,
    now_unix_s,
    plays,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]

# The scrub bar tells whole seconds, of what was asked for to the millisecond.
BAR_S = 0.5
WITHOUT_MSE = "".join(
    f"delete window.{name};"
    for name in ("MediaSource", "WebKitMediaSource", "ManagedMediaSource", "SourceBuffer")
)
# When sound is played first, on the page or before it is there.
HEARD_AT = """const { play } = HTMLMediaElement.prototype;
HTMLMediaElement.prototype.play = function playHeard() {
  this.addEventListener('playing', () => { window.heard ??= performance.now(); });
  return play.call(this);
}"""


def streams(visitor: Visitor) -> int:
    """Return how often radio's stream was asked for."""
    return len([url for url in visitor.do("requests") if url.endswith("/radio/hyfm.aac")])


def hls_js(visitor: Visitor) -> list[str]:
    return [url for url in visitor.do("requests") if "/assets/hls" in url]


def fetched(part: str) -> str:
    """Return an expression: the timings of what was asked for under such an address."""
    return f"performance.getEntriesByType('resource').filter(e => e.name.includes({part!r}))"


def shows(viewer: Visitor, wanted_s: float) -> float:
    """Wait until what was asked for plays; return how far behind its first second it is."""
    viewer.wait(f"Math.abs(document.querySelector('.seek-bar').value - {wanted_s}) < 9")
    viewer.wait("document.querySelector('.overlay').dataset.kind === 'playing'")
    plays(viewer)
    clock_s = viewer.see("Number(document.querySelector('.seek-bar').value)")
    shown_s = moment_shown(viewer, wanted_s)
    # The clock of the scrub bar is the picture's.
    assert abs(clock_s - shown_s) < 2.5
    return shown_s - wanted_s


def test_everything_plays_without_hls_js_where_the_browser_plays_by_itself(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    viewer.open("/xem/hytv", script=WITHOUT_MSE)
    plays(viewer)
    assert now_unix_s() - moment_shown(viewer, now_unix_s()) < 40
    viewer.see("document.querySelector('.seek-bar').focus()")
    viewer.do("key", key="PageDown")
    viewer.wait("location.search.startsWith('?t=')")
    at_s = viewer.see("Number(document.querySelector('.seek-bar').value)")
    assert 295 < now_unix_s() - at_s < 350
    assert -BAR_S <= shows(viewer, at_s) < 4
    viewer.do("click", selector=".skip[aria-keyshortcuts=ArrowRight]")
    viewer.wait(f"document.querySelector('.seek-bar').value - {at_s} > 29")
    assert -BAR_S <= shows(viewer, at_s + 30) < 8
    viewer.press_switch("sound-only")
    viewer.wait("document.querySelector('.stage').classList.contains('sound-only')")
    plays(viewer)
    viewer.wait(f"{MEDIA}.currentSrc.endsWith('/sound.m3u8')")
    viewer.press_switch("sound-only")
    plays(viewer)
    for name in ("running", "yesterday"):
        start_s, _ = recorded.programmes[name]
        go_to(viewer, f"/xem/hytv/{name}")
        assert 0 <= shows(viewer, start_s) < 4
        go_to(viewer, address(f"/xem/hytv/{name}", start_s + 100))
        assert 0 <= shows(viewer, start_s + 100) < 4
    viewer.do("click", selector=".live")
    viewer.wait("location.pathname === '/xem/hytv' && location.search === ''")
    plays(viewer)
    go_to(viewer, "/nghe/hyfm")
    # Without Media Source, Chromium has nothing to play of a stream of silence's few bits.
    viewer.wait(f"{MEDIA}?.currentSrc.endsWith('/live/hyfm/index.m3u8')", seconds=12)
    plays(viewer)
    assert hls_js(viewer) == []
    assert viewer.complaints(*EVERYTHING) == []


@pytest.mark.parametrize("answer", ["Promise.resolve(new Response('', { status: 503 }))", "gone"])
def test_a_stream_that_does_not_begin_gives_way_to_playlists_by_itself(
    viewer: Visitor, answer: str
) -> None:
    """``gone``: it never answers at all, as behind a proxy that waits for the stream's end."""
    stand_in = f"""const [ask, gone] = [window.fetch, new Promise(() => undefined)];
      window.fetch = (what, how) => (String(what).endsWith('.aac') ? {answer} : ask(what, how));"""
    viewer.open("/nghe/hyfm", script=stand_in)
    viewer.wait(f"{fetched('/media/hyfm/')}.length > 0", seconds=12)
    plays(viewer)
    assert viewer.see("!document.querySelector('.overlay .code')")
    assert viewer.complaints("uncaught", "dialog", "policy", "stranger") == []


def test_radio_begins_before_any_playlist_and_heals_when_the_server_comes_back(
    station: Station, visitor: Visitor
) -> None:
    visitor.open("/nghe/hyfm", script=HEARD_AT)
    plays(visitor)
    assert streams(visitor) == 1
    # What rewinding and other qualities need is fetched later, when nothing waits for it.
    for later in ("/assets/hls", ".m3u8"):
        visitor.wait(f"{fetched(later)}.length > 0")
        assert visitor.see(f"{fetched(later)}[0].startTime > window.heard")
    visitor.do("key", key="k")
    visitor.wait(f"{MEDIA}.paused")
    visitor.wait("(window.pausedAt ??= performance.now()) + 3500 < performance.now()")
    visitor.do("key", key="k")
    plays(visitor)
    assert streams(visitor) == 2
    station.ask("stop origin")
    visitor.wait_for_text("Không kết nối được tới máy chủ.", seconds=40)
    station.ask("start origin")
    plays(visitor, seconds=45)
    visitor.wait("document.querySelector('.overlay').childElementCount === 0")
    assert visitor.complaints("uncaught", "dialog", "policy", "stranger") == []
    # The stream is the best quality; a smaller one is a playlist's, and is remembered.
    visitor.open("/nghe/hyfm")
    plays(visitor)
    visitor.do("click", selector=".gear")
    visitor.wait("!!document.querySelector('#settings-quality')")
    visitor.do("click", selector="#settings-quality")
    visitor.do("click", selector="dialog.settings .choice:last-child input")
    visitor.do("click", selector="#settings-close")
    a32 = fetched("/a32/")
    visitor.wait(f"{a32}.length > 1")
    plays(visitor)
    before = streams(visitor)
    visitor.do("reload")
    visitor.wait(f"{a32}.length > 1")
    plays(visitor)
    assert streams(visitor) == before
    assert visitor.see(f"{fetched('/a128/')}.length") == 0


def test_low_latency_is_given_up_after_two_stalls(visitor: Visitor) -> None:
    visitor.open("/xem/hytv")
    plays(visitor)
    visitor.press_switch("low-latency")
    visitor.wait_for_text("Chậm hơn trường quay")
    for _ in range(2):
        visitor.wait("document.querySelector('.overlay').dataset.kind === 'playing'")
        plays(visitor)
        visitor.do("network", down_kbps=16)
        visitor.wait("document.querySelector('.overlay').dataset.kind !== 'playing'")
        visitor.do("network")
    visitor.wait_for_text("Mạng không đủ ổn định, đã chuyển về độ trễ thường.")
    plays(visitor)
    visitor.do("click", selector=".gear")
    visitor.wait("document.querySelector('#switch-low-latency').checked === false")
    assert visitor.see("localStorage.getItem('lensong.low_latency')") == "yes"


def test_sound_only_stays_on_in_the_past_and_in_the_next_visit(viewer: Visitor) -> None:
    viewer.open("/xem/hytv/yesterday")
    plays(viewer)
    viewer.press_switch("sound-only")
    viewer.wait("document.querySelector('.stage').classList.contains('sound-only')")
    viewer.wait(f"{MEDIA}.readyState >= 3 && {MEDIA}.videoWidth === 0")
    plays(viewer)
    viewer.do("reload")
    viewer.wait("document.querySelector('.stage')?.classList.contains('sound-only')")
    plays(viewer)
    assert viewer.see(f"{MEDIA}.videoWidth") == 0
    assert viewer.complaints(*EVERYTHING) == []
