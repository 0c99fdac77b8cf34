"""Where people open the page: inside other apps, on the lock screen, again another day."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from tests.browser.conftest import RecordedStation, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]

EVERYTHING = ("uncaught", "dialog", "policy", "console", "stranger")
MEDIA = "document.querySelector('lensong-channel video, lensong-channel audio')"
MOVING = f"{MEDIA} && !{MEDIA}.paused && {MEDIA}.readyState >= 3 && {MEDIA}.currentTime > 0"

ZALO: Final = (
    "Mozilla/5.0 (Linux; Android 12; SM-A127F Build/SP1A; wv) AppleWebKit/537.36"
    " (KHTML, like Gecko) Version/4.0 Chrome/96.0.4664.104 Mobile Safari/537.36"
    " Zalo android/12100612 ZaloTheme/light ZaloLanguage/vi"
)

# As web views do that let nothing play, not even after a press.
REFUSES: Final = """(() => {
  const play = HTMLMediaElement.prototype.play;
  window.refuses = true;
  HTMLMediaElement.prototype.play = function () {
    if (!window.refuses) return play.call(this);
    this.pause();
    return Promise.reject(new DOMException("no", "NotAllowedError"));
  };
})()"""

# The system's side of the lock screen: its keys, and the position that it was told last.
LOCK_SCREEN: Final = """(() => {
  window.keys = {};
  window.told = null;
  const { mediaSession } = navigator;
  const take = mediaSession.setActionHandler.bind(mediaSession);
  const tell = mediaSession.setPositionState.bind(mediaSession);
  mediaSession.setActionHandler = (key, press) => {
    take(key, press);
    if (press) window.keys[key] = press; else delete window.keys[key];
  };
  mediaSession.setPositionState = (state) => { tell(state); window.told = state ?? null; };
})()"""


STATION: Final = "document.querySelector('.station').textContent"


def press(visitor: Visitor, key: str, **details: Any) -> None:
    visitor.see(f"window.keys.{key}({details!r}); 1")


def test_in_another_apps_browser_a_tap_plays_or_the_way_out_is_offered(viewer: Visitor) -> None:
    viewer.open("/nghe/hyfm", agent=ZALO, script=REFUSES, width=360, height=740, touch=True)
    viewer.wait_for_text("Bấm để nghe")
    assert viewer.see("document.querySelector('.outside').hidden")
    viewer.do("tap", selector=".overlay .big")
    viewer.wait_for_text("Không phát được trong Zalo?")
    assert viewer.do("axe") == []
    assert viewer.see("document.documentElement.scrollWidth") == 360
    way = viewer.see("document.querySelector('.outside a').href")
    host = viewer.site.removeprefix("http://")
    assert way.startswith(
        f"intent://{host}/nghe/hyfm#Intent;scheme=http;package=com.android.chrome;"
    )
    assert viewer.see("document.querySelector('.outside a').innerText") == "Mở bằng trình duyệt"
    viewer.do("tap", selector=".outside button")
    viewer.wait_for_text("Đã chép địa chỉ.")
    # It plays after all: nothing is offered any more.
    viewer.see("window.refuses = false; 1")
    viewer.do("tap", selector=".overlay .big")
    viewer.wait(MOVING)
    viewer.wait("document.querySelector('.outside').hidden")
    assert viewer.complaints(*EVERYTHING) == []


def test_the_lock_screen_shows_what_plays_and_its_keys_work(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    begin = recorded.programmes["before"][0]
    viewer.open(f"/xem/hytv/before?t={begin + 600}", script=LOCK_SCREEN)
    viewer.wait(f"{MOVING} && !!window.told")
    shown = "(({title, artist, album, artwork: [picture]}) => [title, artist, album,"
    shown += " new URL(picture.src).pathname, picture.sizes])(navigator.mediaSession.metadata)"
    title, artist, album, picture, size = viewer.see(shown)
    assert (title, artist, album) == ("Ca nhạc theo yêu cầu", "Truyền hình Hưng Yên", "Phát lại")
    assert size == "384x216"
    number = int(picture.removeprefix("/thumb/hytv/").removesuffix(".jpg"))
    assert 600 - 3.84 < number * 3.84 - begin < 660
    told = viewer.see("window.told")
    assert told["duration"] == recorded.programmes["before"][1] - begin
    assert 598 < told["position"] < 660
    press(viewer, "seekto", seekTime=900)
    viewer.wait("window.told.position >= 900 && window.told.position < 930")
    press(viewer, "seekbackward", seekOffset=300)
    viewer.wait("window.told.position > 590 && window.told.position < 630")
    press(viewer, "pause")
    viewer.wait(f"{MEDIA}.paused && navigator.mediaSession.playbackState === 'paused'")
    press(viewer, "play")
    viewer.wait(f"{MOVING} && navigator.mediaSession.playbackState === 'playing'")
    assert viewer.see("'nexttrack' in window.keys") is False  # the only television channel

    # On to the radio: the song is the title; a page that is not seen plays on.
    viewer.do("click", selector=".side [data-channel=hyfm]")
    viewer.wait(f"{MEDIA}?.tagName === 'AUDIO' && {MOVING}")
    viewer.wait("navigator.mediaSession.metadata?.title === 'Tiến quân ca'")
    assert viewer.see("navigator.mediaSession.metadata.album") == "Quà tặng"
    hide = "Object.defineProperty(document, 'hidden', { get: () => true, configurable: true });"
    viewer.see(f"{hide} document.dispatchEvent(new Event('visibilitychange')); 1")
    before = viewer.see(f"{MEDIA}.currentTime")
    viewer.wait(f"{MEDIA}.currentTime > {before} + 1.5 && !{MEDIA}.paused")
    # Rewound by a key, it says so; the bar is where the key led.
    press(viewer, "seekbackward", seekOffset=120)
    viewer.wait("navigator.mediaSession.metadata.album === 'Quà tặng · Phát lại'")
    viewer.wait(MOVING)
    viewer.wait("/trễ 2 phút/.test(document.body.innerText)")
    viewer.do("click", selector=".brand")
    viewer.wait("!!document.querySelector('.docked')")
    viewer.do("click", selector=".mini-close")
    viewer.wait("Object.keys(window.keys).length === 0")
    assert viewer.see("navigator.mediaSession.metadata") is None
    assert viewer.complaints(*EVERYTHING) == []


def test_the_lock_screen_shows_a_clip_and_an_episode(viewer: Visitor) -> None:
    named = "(({title, artist, album}) => [title, artist, album])(navigator.mediaSession.metadata)"
    viewer.open("/nghe-lai", script=LOCK_SCREEN)
    viewer.wait("!!document.querySelector('[data-episode=e1]')")
    viewer.do("click", selector="[data-episode=e1] .episode-play")
    episode = "document.querySelector('[data-episode=e1] audio')"
    viewer.wait(f"{episode}?.currentTime > 0.2 && navigator.mediaSession.metadata !== null")
    podcast = viewer.see("document.querySelector('[data-series=nha-nong] h2').textContent")
    assert viewer.see(named) == ["Lúa mùa", "Phát thanh Hưng Yên", podcast]
    press(viewer, "seekto", seekTime=30)
    press(viewer, "seekforward", seekOffset=15)
    viewer.wait(f"{episode}.currentTime > 45 && {episode}.currentTime < 50")
    press(viewer, "seekbackward")
    viewer.wait(f"{episode}.currentTime > 35 && {episode}.currentTime < 40")
    viewer.do("click", selector="[data-clip=listed-clip]")
    viewer.wait("document.querySelector('.clip video')?.readyState >= 1")
    assert viewer.see("navigator.mediaSession.metadata") is None
    assert viewer.see("Object.keys(window.keys)") == []
    viewer.see("document.querySelector('.clip video').play(); 1")
    viewer.wait("navigator.mediaSession.metadata !== null")
    title, channel, station = viewer.see(named)
    assert title == viewer.see("document.querySelector('h1').textContent")
    assert (channel, station) == ("Truyền hình Hưng Yên", viewer.see(STATION))
    viewer.do("click", selector=".brand")
    viewer.wait("navigator.mediaSession.metadata === null")
    assert viewer.complaints(*EVERYTHING) == []


KEPT: Final = "JSON.parse(localStorage.getItem('lensong.places') ?? '[]')"


def test_what_was_begun_is_gone_on_with_from_the_front_page_and_its_own(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    begin, end = recorded.programmes["before"]
    viewer.open(f"/xem/hytv/before?t={begin + 700}", width=390, height=844)
    viewer.wait(MOVING)
    viewer.wait(f"{KEPT}[0]?.atS >= 700")
    assert viewer.see("document.querySelector('.stage .saver-offer:not([hidden])')") is None
    viewer.do("go", url=f"{viewer.site}/clip/known-clip")
    viewer.wait("document.querySelector('.clip audio')?.readyState >= 1")
    viewer.see("{ const a = document.querySelector('.clip audio'); a.currentTime = 40; a.play(); }")
    viewer.wait("document.querySelector('.clip audio').currentTime > 40.2")
    viewer.see("document.querySelector('.clip audio').pause(); 1")
    viewer.wait(f"{KEPT}.length === 2")

    viewer.do("go", url=viewer.site)
    viewer.wait("!!document.querySelector('.resume [data-resume]')")
    assert viewer.see("document.querySelector('.resume h2').innerText") == "Xem và nghe tiếp"
    lines = viewer.see("document.querySelector('[data-resume=before]').innerText.split('\\n')")
    assert lines == ["Ca nhạc theo yêu cầu", "Truyền hình Hưng Yên · còn 10 phút"]
    share = viewer.see("document.querySelector('[data-resume=before] progress').value")
    assert 700 / (end - begin) <= share < 760 / (end - begin)
    assert viewer.do("axe") == []
    assert viewer.see("document.documentElement.scrollWidth") == 390
    viewer.do("click", selector=".resume [data-resume=known-clip]")
    viewer.wait_for_text("Nghe tiếp từ 0:40")
    viewer.do("click", selector=".clip .resume")
    viewer.wait("document.querySelector('.clip audio').currentTime > 40.1")
    viewer.do("back")
    viewer.wait("!!document.querySelector('.resume [data-resume=before]')")
    viewer.do("click", selector=".resume [data-resume=before]")
    viewer.wait(MOVING)
    assert viewer.see("location.pathname + location.search") != "/xem/hytv/before"

    # Its own address begins at the start, and offers both.
    viewer.do("go", url=f"{viewer.site}/xem/hytv/before")
    viewer.wait(MOVING)
    viewer.wait_for_text("Lần trước bạn dừng ở ")
    assert viewer.do("axe") == []
    viewer.do("click", selector=".stage .saver-offer:not([hidden]) .primary")
    # The address says now from where: what was kept, by the station's clock.
    viewer.wait("location.search !== ''")
    kept = viewer.see(f"{KEPT}.find(place => place.id === 'before').atS")
    at = datetime.fromtimestamp(begin + kept, UTC) + timedelta(hours=7)
    assert viewer.see("location.search") == f"?t={at:%Y-%m-%dT%H:%M:%S}"
    viewer.wait(f"{MOVING} && !document.querySelector('.stage .saver-offer:not([hidden])')")
    assert viewer.complaints(*EVERYTHING) == []


def test_what_is_gone_drops_out_of_the_list_by_itself_and_the_rest_by_a_button(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    begin, end = recorded.programmes["before"]
    place: dict[str, Any] = {
        "kind": "programme", "id": "before", "series": "", "channel": "hytv", "title": "Ca nhạc",
        "isTv": True, "startS": begin, "lengthS": end - begin, "atS": 700, "leftS": end,
    }  # fmt: skip
    episode = {"kind": "recording", "series": "nha-nong", "lengthS": 60, "atS": 40}
    kept = [
        place,
        place | {"id": "old-2"},
        {"id": "<b>"},
        place | episode | {"id": "e1", "title": "Lúa mùa", "isTv": False},
    ]
    viewer.open("/lich")
    viewer.see(f"localStorage.setItem('lensong.places', {json.dumps(json.dumps(kept))}); 1")
    viewer.do("go", url=f"{viewer.site}/nghe-lai")
    viewer.wait("!!document.querySelector('[data-episode=e1] .resume')")
    viewer.do("click", selector="[data-episode=e1] .resume")
    viewer.wait("document.querySelector('[data-episode=e1] audio')?.currentTime > 40.1")
    viewer.do("go", url=viewer.site)
    viewer.wait("!!document.querySelector('.resume [data-resume]')")
    shown = "[...document.querySelectorAll('[data-resume]')].map(e => e.dataset.resume).sort()"
    assert viewer.see(shown) == ["before", "e1"]
    assert viewer.see(f"{KEPT}.map(place => place.id).sort()") == ["before", "e1"]
    viewer.do("click", selector="[data-resume=before] + .control")
    assert viewer.see(shown) == ["e1"]
    assert viewer.see("document.activeElement.ariaLabel") == "Bỏ khỏi danh sách: Lúa mùa"
    viewer.do("key", key="Enter")
    viewer.wait("document.querySelector('section.resume').hidden")
    assert viewer.see("document.activeElement.matches('.tile')")
    assert viewer.see(KEPT) == []
    assert viewer.complaints(*EVERYTHING) == []


def test_without_storage_nothing_is_kept_and_everything_plays(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    none = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('none'); } });"
    begin = recorded.programmes["before"][0]
    viewer.open(f"/xem/hytv/before?t={begin + 700}", script=none)
    viewer.wait(MOVING)
    viewer.do("click", selector=".brand")
    viewer.wait("!!document.querySelector('.docked') && !!document.querySelector('.tile')")
    assert viewer.see("document.querySelector('section.resume').hidden")
    assert viewer.complaints(*EVERYTHING) == []
