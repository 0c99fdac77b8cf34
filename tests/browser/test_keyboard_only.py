"""The whole use of the page by the keyboard alone: nothing here clicks, and no script gives focus.

Controls are found as somebody finds them who hears the page: by Tab, until its role and its name
come up.  Wherever the focus comes on the way, it is seen, ringed, named, and not covered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from tests.browser.conftest import RecordedStation, Visitor
from tests.browser.test_archive_page import MEDIA, MOVING, moment_shown, now_unix_s

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]

FOCUS: Final = Path(__file__).with_name("focus.js").read_text(encoding="utf-8")
MOST_STEPS: Final = 90


def plays(visitor: Visitor) -> None:
    visitor.wait(f"{MOVING} && {MEDIA}.currentTime > 0.3")


def press(visitor: Visitor, *keys: str) -> None:
    for key in keys:
        visitor.do("key", key=key)


def focused(visitor: Visitor) -> dict[str, Any]:
    """Return what has the focus; fails where a viewer would not find it."""
    found: dict[str, Any] = visitor.see(FOCUS)
    assert found["faults"] == [], found
    return found


def go_to(visitor: Visitor, role: str, name: str, *, key: str = "Tab") -> dict[str, Any]:
    """Press Tab until something of that role is named so."""
    for _ in range(MOST_STEPS):
        press(visitor, key)
        found = focused(visitor)
        if found["role"] == role and found["name"].startswith(name):
            return found
    raise AssertionError(f"no {role} named {name!r} in {MOST_STEPS} steps")


def test_a_channel_is_chosen_and_played_by_keys_alone(viewer: Visitor) -> None:
    viewer.open("/")
    viewer.wait("!!document.querySelector('.channel')")
    go_to(viewer, "link", "Truyền hình Hưng Yên")
    press(viewer, "Enter")
    viewer.wait("location.pathname === '/xem/hytv'")
    plays(viewer)

    go_to(viewer, "button", "Tạm dừng")
    press(viewer, " ")
    viewer.wait(f"{MEDIA}.paused")
    assert focused(viewer)["name"] == "Phát"  # the focus stays
    press(viewer, "Enter")
    plays(viewer)

    go_to(viewer, "slider", "Tua theo giờ phát sóng", key="Shift+Tab")
    press(viewer, "PageDown")
    viewer.wait("location.search.startsWith('?t=')")
    viewer.wait(f"{MOVING} && !{MEDIA}.seeking")
    assert 280 < now_unix_s() - moment_shown(viewer, now_unix_s() - 315) < 345
    assert focused(viewer)["role"] == "slider"
    go_to(viewer, "button", "Về trực tiếp")
    press(viewer, "Enter")
    viewer.wait("location.search === ''")
    viewer.wait("document.querySelector('.live').textContent === 'Trực tiếp'")
    plays(viewer)

    go_to(viewer, "button", "Tắt tiếng")
    press(viewer, "Enter")
    viewer.wait(f"{MEDIA}.muted")
    press(viewer, "Enter")
    viewer.wait(f"!{MEDIA}.muted")
    go_to(viewer, "slider", "Âm lượng")
    press(viewer, "ArrowLeft", "ArrowLeft")
    viewer.wait(f"Math.round({MEDIA}.volume * 100) === 90")
    go_to(viewer, "button", "Toàn màn hình")
    press(viewer, "Enter")
    viewer.wait("!!document.fullscreenElement")
    go_to(viewer, "button", "Tắt tiếng")  # around, within the full screen
    press(viewer, "f")
    viewer.wait("!document.fullscreenElement")
    plays(viewer)


def test_what_was_on_is_found_and_played_by_keys_alone(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    viewer.open("/xem/hytv")
    viewer.wait("!!document.querySelector('.programmes li')")
    plays(viewer)
    go_to(viewer, "button", "Hôm qua")
    press(viewer, "Enter")
    viewer.wait("!!document.querySelector('[data-programme=yesterday]')")
    assert focused(viewer)["name"] == "Hôm qua"
    go_to(viewer, "link", "Xem lại: Nông nghiệp")
    press(viewer, "Enter")
    viewer.wait("!!document.querySelector('[data-programme=yesterday].is-open')")
    plays(viewer)
    start_s, end_s = recorded.programmes["yesterday"]
    assert start_s <= moment_shown(viewer, start_s) <= end_s

    go_to(viewer, "button", "Hôm nay")
    press(viewer, "Enter")
    viewer.wait("!!document.querySelector('[data-programme=running]')")
    go_to(viewer, "link", "Xem từ đầu")
    press(viewer, "Enter")
    viewer.wait("!!document.querySelector('[data-programme=running].is-open')")
    plays(viewer)
    start_s, _ = recorded.programmes["running"]
    assert -1 < moment_shown(viewer, start_s) - start_s < 20

    go_to(viewer, "searchbox", "Tìm chương trình")
    viewer.do("type", text="ca nhac")
    viewer.wait("document.querySelectorAll('.found a').length > 0")
    go_to(viewer, "link", "Ca nhạc theo yêu cầu")
    press(viewer, "Enter")
    viewer.wait("location.pathname.endsWith('/before')")
    plays(viewer)

    go_to(viewer, "button", "English", key="Shift+Tab")
    press(viewer, "Enter")
    viewer.wait("document.documentElement.lang === 'en'")
    assert focused(viewer)["name"] == "English"
    plays(viewer)


def test_a_quality_is_chosen_by_keys_alone_and_the_focus_comes_back(visitor: Visitor) -> None:
    visitor.open("/xem/hytv")
    plays(visitor)
    go_to(visitor, "button", "Cài đặt")
    press(visitor, "Enter")
    # It comes into sight softly.
    visitor.wait(
        "document.querySelector('dialog[open]')?.getAnimations({ subtree: true }).length === 0"
    )
    go_to(visitor, "button", "Chất lượng")
    press(visitor, "Enter")
    visitor.wait("document.querySelectorAll('dialog[open] input[type=radio]').length > 1")
    for _ in range(MOST_STEPS):
        press(visitor, "Tab")
        if focused(visitor)["role"] == "radio":
            break
    press(visitor, "ArrowDown")
    assert focused(visitor)["role"] == "radio"
    visitor.wait("!!localStorage.getItem('lensong.quality_height')")
    chosen = "document.querySelector('dialog[open] input:checked')?.value"
    assert visitor.see(chosen) not in (None, "-1")
    press(visitor, "Escape", "Escape")
    visitor.wait("!document.querySelector('dialog[open]')")
    assert focused(visitor)["name"] == "Cài đặt"
    plays(visitor)


def pressables(viewer: Visitor) -> int:
    """Return how many things there are that a mouse can press."""
    return int(
        viewer.see(
            "[...document.querySelectorAll('a[href], button, input, select')].filter(e =>"
            " e.checkVisibility() && !e.disabled && !e.closest('[inert]')).length"
        )
    )


def walk(viewer: Visitor) -> list[str]:
    """Press Tab from the page's beginning to its end; return the names on the way."""
    seen: list[str] = []
    for _ in range(MOST_STEPS):
        press(viewer, "Tab")
        found = focused(viewer)
        if found["role"] == "page":
            return seen
        seen.append(found["name"])
    raise AssertionError(f"Tab never left the page: {seen}")


def test_tab_goes_through_the_whole_page_in_its_order_and_is_never_caught(viewer: Visitor) -> None:
    for path in ("/", "/xem/hytv", "/nghe/hyfm"):
        viewer.open(path)
        viewer.wait("!!document.querySelector('.channel')")
        if path != "/":
            plays(viewer)
            viewer.wait("!!document.querySelector('.programmes li')")
        assert not viewer.see("[...document.querySelectorAll('*')].some(e => e.tabIndex > 0)")
        # An offer may come while one walks: then once more.
        before = -1
        seen: list[str] = []
        while before != pressables(viewer):
            before = pressables(viewer)
            seen = walk(viewer)
        assert len(seen) == before, (path, seen)
