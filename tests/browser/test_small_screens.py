"""The page on the smallest screens and at 200 % zoom: nothing is cut, covered, or too small to hit.

320 x 568 is the smallest phone, and WCAG 2.2's measure for 400 % zoom; 683 x 384 at two device
pixels each is what a laptop of 1366 x 768 has at 200 %.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from tests.browser.conftest import Visitor
from tests.browser.test_archive_page import MEDIA, MOVING

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]

SCREENS: Final = {
    "phone": {"width": 320, "height": 568, "scale": 2, "touch": True, "scheme": "light"},
    "zoom": {"width": 683, "height": 384, "scale": 2, "scheme": "dark"},
}

# Everything that is wrong with what can be seen and hit, in words.
FAULTS: Final = Path(__file__).with_name("small_screens.js").read_text(encoding="utf-8")


@pytest.fixture(params=sorted(SCREENS))
def screen(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return what of a visitor's device matters."""
    return dict(SCREENS[request.param])


def until_settled(viewer: Visitor) -> None:
    """Wait until the page has its list, and the guide where there is one."""
    viewer.wait("!!document.querySelector('a[data-channel], .channel')")
    viewer.wait(
        "!document.querySelector('.programmes') || !!document.querySelector('.programmes li')"
    )


def plays(viewer: Visitor) -> None:
    viewer.wait(f"{MOVING} && {MEDIA}.currentTime > 0.3")


def test_the_largest_letters_fit_the_smallest_phone(viewer: Visitor) -> None:
    largest = "localStorage.setItem('lensong.text_size', '150')"
    for path, ready in (("/", "!!document.querySelector('.channel')"), ("/xem/hytv", MOVING)):
        viewer.open(path, width=320, height=568, touch=True, script=largest)
        viewer.wait(ready)
        until_settled(viewer)
        assert viewer.see("getComputedStyle(document.documentElement).fontSize") == "24px"
        assert viewer.see(FAULTS) == []


def test_the_systems_own_colours_leave_everything_to_be_seen_and_nothing_moves(
    viewer: Visitor,
) -> None:
    viewer.open("/xem/hytv", forced=True, still=True, scheme="dark")
    viewer.wait(MOVING)
    until_settled(viewer)
    assert viewer.do("axe") == []
    chosen = "getComputedStyle(document.querySelector('.languages [aria-pressed=true]'))"
    assert viewer.see(f"{chosen}.outlineStyle") == "solid"
    moving = "document.getAnimations().filter(one => one.playState === 'running'"
    moving += " && one.effect.getComputedTiming().duration > 10).length"
    assert viewer.see(moving) == 0


def test_every_page_fits(viewer: Visitor, screen: dict[str, Any]) -> None:
    pages = {
        "/": "!!document.querySelector('.channel')",
        "/xem/hytv": MOVING,
        "/nghe/hyfm": MOVING,
        "/xem/hytv/before": MOVING,
        "/xem/hytv/refused": "document.body.innerText.includes('LS-P2')",
        "/xem/khong-co": "!!document.querySelector('a[href=\"/\"]')",
        "/lich": "document.body.innerText.includes('Dự báo thời tiết')",
        "/tim?q=nong+nghiep": "document.body.innerText.includes('Nông nghiệp')",
        "/nghe-lai": "!!document.querySelector('main h1')",
        "/embed/hytv": "!!document.querySelector('a.way-out')",
    }
    found = {}
    for path, ready in pages.items():
        viewer.open(path, **screen)
        viewer.wait(ready)
        if viewer.see("!!document.querySelector('.side')"):
            until_settled(viewer)
        if faults := viewer.see(FAULTS):
            found[path] = faults
    assert found == {}


def test_the_controls_are_on_the_first_screen(viewer: Visitor, screen: dict[str, Any]) -> None:
    """At 200 % a picture as wide as the page would leave no room for them."""
    viewer.open("/xem/hytv", **screen)
    until_settled(viewer)
    plays(viewer)
    lowest = "Math.max(...[...document.querySelectorAll('.stage button, .stage input')]"
    lowest += ".filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().bottom))"
    assert viewer.see("scrollY") == 0
    assert viewer.see(lowest) <= screen["height"]
    assert viewer.see("document.querySelector('video').clientHeight") >= 180


@pytest.mark.parametrize("width", [320, 390])
def test_the_bar_of_a_phone_is_one_row_behind_live_too(viewer: Visitor, width: int) -> None:
    viewer.open("/xem/hytv", width=width, height=844, touch=True)
    plays(viewer)
    viewer.do("click", selector="role=button[name='Lùi 30 giây']")
    viewer.wait("/trễ/.test(document.querySelector('.live').textContent)")
    middles = viewer.see(
        "[...document.querySelectorAll('.bar button')].filter(e => e.checkVisibility())"
        ".map(e => e.getBoundingClientRect()).map(({ top, bottom }) => (top + bottom) / 2)"
    )
    assert max(middles) - min(middles) < 4
    assert viewer.see(FAULTS) == []


def test_dialogs_menus_and_results_fit(viewer: Visitor, screen: dict[str, Any]) -> None:
    viewer.open("/xem/hytv", **screen)
    until_settled(viewer)
    plays(viewer)
    found = {}
    for name in ("Cài đặt", "Chia sẻ"):
        viewer.do("click", selector=f"role=button[name=/^{name}/] >> visible=true")
        viewer.wait("!!document.querySelector('dialog[open]')")
        if faults := viewer.see(FAULTS):
            found[name] = faults
        viewer.do("key", key="Escape")
        viewer.wait("!document.querySelector('dialog[open]')")
    viewer.do("click", selector="role=searchbox")
    viewer.do("type", text="nong nghiep")
    viewer.wait("!!document.querySelector('.found a')")
    if faults := viewer.see(FAULTS):
        found["results"] = faults
    assert found == {}
