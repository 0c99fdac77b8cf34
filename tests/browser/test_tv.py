"""The TV view in Chromium by keys alone, without what Chrome 63 does not have."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import RecordedStation, Station, Visitor
from tests.browser.test_archive_page import (
    EVERYTHING,
    STOP_AT_ONCE,
    now_unix_s,
)
from tests.browser.test_archive_page import NUMBER as NUMBER_OF_PAGE
from tests.recorded_media import CYCLE_FRAMES, RATE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

MEDIA = "document.querySelector('video')"
MOVING = f"{MEDIA} && !{MEDIA}.paused && {MEDIA}.readyState >= 3 && {MEDIA}.currentTime > 0"
PLAYING = f"document.querySelector('.tv').dataset.situation === 'playing' && {MOVING}"
# Gone before the page's own scripts run, as in the browsers of TV sets.
AS_OLD = """
  delete Array.prototype.at; delete Element.prototype.replaceChildren; delete AbortSignal.timeout;
  delete Array.prototype.flat; delete Array.prototype.flatMap; delete Array.prototype.findLast;
  delete Object.fromEntries; delete Object.hasOwn; delete String.prototype.replaceAll;
  delete window.structuredClone; delete window.ResizeObserver; delete Promise.allSettled;
  delete HTMLElement.prototype.inert;
"""
REMOTE = {
    "back": 10009,
    "channel up": 427,
    "forward": 417,
    "rewind": 412,
    "live": 413,
    "lg back": 461,
}


def remote(viewer: Visitor, key: str) -> None:
    """Press a key that only a remote control has."""
    viewer.see(
        "document.dispatchEvent(new KeyboardEvent('keydown', {keyCode: "
        f"{REMOTE[key]}, bubbles: true, cancelable: true}})) || true"
    )


def press(viewer: Visitor, *keys: str) -> None:
    for key in keys:
        viewer.do("key", key=key)


def turn_on(viewer: Visitor, path: str = "/tv", *, width: int = 1920, script: str = "") -> None:
    viewer.open(path, width=width, height=width * 9 // 16, script=AS_OLD + script)


def shown(viewer: Visitor, layer: str) -> bool:
    return bool(viewer.see(f"!document.querySelector('.{layer}').hidden"))


def moment_on_tv(viewer: Visitor, near_s: float) -> float:
    """Return the moment of the picture on screen, UNIX seconds, the one nearest to ``near_s``."""
    page = "document.querySelector('lensong-channel video, lensong-channel audio')"
    number = viewer.see(NUMBER_OF_PAGE.replace(page, MEDIA))
    cycle_s = CYCLE_FRAMES / RATE
    return float(round(round((near_s - number / RATE) / cycle_s) * cycle_s + number / RATE, 3))


def axe_is_content(viewer: Visitor) -> None:
    viewer.see("document.getAnimations().forEach(one => one.finish())")
    assert viewer.do("axe") == []


def test_the_picture_comes_by_itself_and_every_layer_closes_again(viewer: Visitor) -> None:
    turn_on(viewer)
    viewer.wait(PLAYING)
    axe_is_content(viewer)
    press(viewer, "Enter")
    viewer.wait("document.activeElement.closest('.banner') !== null")
    banner = viewer.see("document.querySelector('.banner').innerText")
    assert "Truyền hình Hưng Yên" in banner
    assert "Trực tiếp" in banner
    viewer.wait("document.querySelector('.banner').innerText.includes('<script>')")
    assert "Tiếp theo" in viewer.see("document.querySelector('.banner').innerText")
    axe_is_content(viewer)
    press(viewer, "Enter")
    viewer.wait("document.activeElement.matches('.item.channel[aria-current]')")
    viewer.wait("!!document.querySelector('[data-programme=running]')")
    axe_is_content(viewer)
    remote(viewer, "lg back")
    assert not shown(viewer, "menu")
    press(viewer, "ArrowLeft")
    viewer.wait("document.activeElement.getAttribute('role') === 'slider'")
    axe_is_content(viewer)
    remote(viewer, "back")
    assert not shown(viewer, "bar")
    # All stands within the safe area, and text is never small.
    press(viewer, "Enter")
    assert viewer.see(
        "[...document.querySelectorAll('.banner p, .banner button')].every(e => {"
        " const b = e.getBoundingClientRect(); return !b.width || (b.left >= 76 && b.right <= 1844"
        " && b.bottom <= 1040 && parseFloat(getComputedStyle(e).fontSize) >= 24); })"
    )
    press(viewer, "Escape")
    assert not shown(viewer, "banner")
    # Android TV's browsers tell of no key at Back: they go a step back in the history.
    press(viewer, "Enter")
    viewer.wait("!document.querySelector('.banner').hidden")
    address = viewer.see("location.href")
    viewer.do("back")
    viewer.wait("document.querySelector('.banner').hidden")
    assert viewer.see(f"location.href === {address!r} && !{MEDIA}.paused")
    # Sets before Chrome 61 know no modules: one old script says what else there is.
    source = viewer.see("document.querySelector('script[nomodule]').src")
    old = viewer.see(f"fetch({source!r}).then(answer => answer.text())")
    assert not re.search(r"=>|`|\b(const|let|class)\b", old)
    script = "Object.assign(document.createElement('script'), {src: " + repr(source) + "})"
    viewer.see(f"document.body.append({script})")
    viewer.wait("document.querySelector('h1').textContent === 'TV này quá cũ để mở trang này.'")
    assert f"{viewer.site}/channels.m3u" in viewer.see("document.querySelector('main').innerText")
    assert viewer.complaints(*EVERYTHING) == []


def test_a_zap_shows_the_other_channel_within_a_second(viewer: Visitor) -> None:
    turn_on(viewer, "/tv#ch=hyfm")
    viewer.wait(PLAYING)
    assert viewer.see("!document.querySelector('.sound-card').hidden")
    viewer.wait("performance.getEntriesByType('resource').some(e => /live.hytv/.test(e.name))")
    viewer.see(
        f"{MEDIA}.addEventListener('playing', () => {{ window.cameMs = performance.now(); }});"
        " addEventListener('keydown', () => { window.pressedMs = performance.now(); }, true); 1"
    )
    press(viewer, "ArrowUp")
    viewer.wait("window.cameMs > window.pressedMs")
    took_ms = viewer.see("window.cameMs - window.pressedMs")
    print(f"zapped in {took_ms:.0f} ms")  # noqa: T201
    # A second on a machine that has nothing else to do; this one may be busy.
    assert took_ms < 4000
    assert viewer.see("location.hash") == "#ch=hytv"
    viewer.wait(PLAYING)
    assert abs(now_unix_s() - moment_on_tv(viewer, now_unix_s())) < 40
    remote(viewer, "channel up")
    viewer.wait("location.hash === '#ch=hyfm'")
    press(viewer, "1")
    viewer.wait("location.hash === '#ch=hytv'")
    viewer.wait(PLAYING)
    press(viewer, "9")
    viewer.wait_for_text("Không có kênh số 9.")
    assert viewer.see("location.hash") == "#ch=hytv"
    viewer.do("reload")
    viewer.wait(PLAYING)
    viewer.see("location.hash = '#ch=nowhere'")
    viewer.wait_for_text("Địa chỉ dẫn tới một kênh không có")
    viewer.wait(PLAYING)
    assert viewer.complaints(*EVERYTHING) == []


def test_start_over_from_the_guide_shows_the_first_frames_and_live_comes_back(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    start_s, _ = recorded.programmes["running"]
    turn_on(viewer, width=1280)
    viewer.wait(PLAYING)
    press(viewer, "g")
    viewer.wait("!!document.querySelector('[data-programme=running]')")
    press(viewer, "ArrowRight", "ArrowRight")
    viewer.wait("document.activeElement.dataset.offer === 'running watchFromStart'")
    viewer.see(f"{STOP_AT_ONCE}; 1")
    press(viewer, "Enter")
    viewer.wait("window.stopped === true")
    viewer.wait(f"{MEDIA}.paused && !{MEDIA}.seeking")
    assert 0 <= moment_on_tv(viewer, start_s) - start_s <= 3 / RATE
    assert viewer.see("location.hash") == "#ch=hytv&p=running"
    viewer.see(f"{MEDIA}.play(); 1")
    viewer.wait(PLAYING)
    remote(viewer, "live")
    viewer.wait("location.hash === '#ch=hytv'")
    viewer.wait(PLAYING)
    # Rewound: the bar leads, the picture follows.
    press(viewer, "ArrowLeft", "ArrowLeft")
    remote(viewer, "rewind")
    viewer.wait("location.hash.startsWith('#ch=hytv&t=')")
    viewer.wait(PLAYING)
    at_s = now_unix_s()
    assert 60 < at_s - moment_on_tv(viewer, at_s - 105) < 160
    assert "trễ" in viewer.see("document.querySelector('.bar [role=slider]').ariaValueText")
    press(viewer, "ArrowLeft", "ArrowDown", "Enter")
    viewer.wait("location.hash === '#ch=hytv'")
    viewer.wait(PLAYING)
    assert now_unix_s() - moment_on_tv(viewer, now_unix_s()) < 40
    assert viewer.complaints(*EVERYTHING) == []


def test_what_cannot_be_watched_says_so_with_a_way_on(viewer: Visitor) -> None:
    turn_on(viewer, "/tv#ch=hytv&p=refused")
    viewer.wait_for_text("Chương trình này không được phép xem lại.")
    viewer.wait_for_text("Mã lỗi LS-P2")
    viewer.wait("document.activeElement.closest('.card') !== null")
    axe_is_content(viewer)
    press(viewer, "Enter")
    viewer.wait("location.hash === '#ch=hytv'")
    viewer.wait(PLAYING)
    assert viewer.complaints(*EVERYTHING) == []


def test_a_fault_is_said_and_heals_by_itself(station: Station, visitor: Visitor) -> None:
    turn_on(visitor, "/tv#ch=hytv")
    visitor.wait(PLAYING)
    station.ask("stop origin")
    try:
        press(visitor, "ArrowDown")
        visitor.wait_for_text("Mã lỗi LS-N1", seconds=60)
        visitor.wait_for_text("Không kết nối được tới máy chủ.")
        visitor.wait("document.activeElement.closest('.card') !== null")
        axe_is_content(visitor)
    finally:
        station.ask("start origin")
    visitor.wait(PLAYING, seconds=60)
    assert not shown(visitor, "card")
    assert visitor.complaints("uncaught", "dialog", "policy", "stranger") == []
