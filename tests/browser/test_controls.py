"""What the viewer touches: settings, keys, captions, sleep timer, figures, full screen, ticks."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import av
import pytest

from core.clock import unix_ns
from tests.browser.conftest import RecordedStation, Station, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(150)]

EVERYTHING = ("uncaught", "dialog", "policy", "console", "stranger")
MEDIA = "document.querySelector('lensong-channel video, lensong-channel audio')"
MOVING = f"{MEDIA} && !{MEDIA}.paused && {MEDIA}.readyState >= 3 && {MEDIA}.currentTime > 0"
PANEL = "document.querySelector('dialog.settings[open]')"
FOCUSED = "document.activeElement"

SAVES_DATA = (
    """Object.defineProperty(NetworkInformation.prototype, "saveData", { get: () => true });"""
)

# The device's clock goes forward by what a test says; the media's own time does not.
CLOCK: Final = """(() => {
  const now = Date.now;
  window.skipMs = 0;
  Date.now = () => now() + window.skipMs;
})()"""


def plays(visitor: Visitor) -> None:
    visitor.wait(MOVING)
    before = visitor.see(f"{MEDIA}.currentTime")
    visitor.wait(f"{MEDIA}.currentTime > {before} + 0.3")


def opens_settings(visitor: Visitor) -> None:
    visitor.do("click", selector=".gear")
    visitor.wait(f"!!{PANEL}?.querySelector('#settings-close')")


def is_accessible(visitor: Visitor) -> None:
    # What moves in is judged when it is there.
    visitor.wait("document.querySelector('dialog[open]')?.getAnimations().length !== 1")
    assert visitor.do("axe") == []


def told(visitor: Visitor, statistic: str) -> str:
    return str(visitor.see(f"document.querySelector('[data-statistic={statistic}]').textContent"))


def hourly_megabytes(site: str) -> dict[int, int]:
    """Return what an hour of each rung costs by the multivariant playlist, to two figures."""
    with urlopen(f"{site}/live/hytv/index.m3u8") as answer:  # noqa: S310
        text = answer.read().decode()
    variant = r"(?m)^#EXT-X-STREAM-INF:.*AVERAGE-BANDWIDTH=(\d+).*RESOLUTION=\d+x(\d+)"
    found = re.findall(variant, text)
    exact = {int(lines): int(rate) / 8 * 3600 / 1e6 for rate, lines in found}
    return {lines: int(float(f"{megabytes:.2g}")) for lines, megabytes in exact.items()}


def test_qualities_say_what_an_hour_costs_and_the_saver_keeps_to_the_small_one(
    station: Station, visitor: Visitor
) -> None:
    visitor.open("/xem/hytv", script=SAVES_DATA)
    plays(visitor)
    visitor.wait_for_text("Máy của bạn đang tiết kiệm dữ liệu.")
    is_accessible(visitor)
    visitor.do("click", selector=".saver-offer .primary")
    visitor.wait("document.querySelector('.saver-offer').hidden")
    assert visitor.see("localStorage.getItem('lensong.data_saver')") == "yes"

    opens_settings(visitor)
    assert visitor.see(f"{FOCUSED}.closest('dialog') !== null")
    assert visitor.see("document.querySelector('#switch-data-saver').checked") is True
    visitor.wait(
        "/^khoảng \\d+ MB mỗi giờ$/.test(document.querySelector('#hint-sound-only').textContent)"
    )
    is_accessible(visitor)
    # What is counted is told in a tab of its own, and the channel plays on.
    link = visitor.see(
        "(a => [a.pathname, a.target, a.innerText])(document.querySelector('#settings-privacy'))"
    )
    assert link == ["/rieng-tu", "_blank", "Đài đếm những gì"]
    visitor.do("click", selector="#settings-quality")
    costs = hourly_megabytes(station.site)
    choices = visitor.see(
        "[...document.querySelectorAll('.choice')].map(e => e.innerText.split('\\n'))"
    )
    assert choices[1:] == [
        ["Thường 360p", f"khoảng {costs[360]} MB mỗi giờ"],
        ["Tiết kiệm dữ liệu 234p", f"khoảng {costs[234]} MB mỗi giờ"],
    ]
    assert choices[0][1] == f"Tùy theo mạng, nhiều nhất khoảng {costs[234]} MB mỗi giờ"
    is_accessible(visitor)

    # A later visit keeps to the small rung from its first segment on.
    visitor.do("reload")
    plays(visitor)
    visitor.wait(
        "performance.getEntriesByType('resource').some(e => e.name.includes('/hytv/234p/'))"
    )
    media = (
        "performance.getEntriesByType('resource').filter(e => /media.hytv.360p.*m4s/.test(e.name))"
    )
    assert visitor.see(f"{media}.length") == 0
    opens_settings(visitor)
    visitor.do("click", selector="#settings-quality")
    visitor.do("click", selector=".choice:nth-of-type(2) input")
    visitor.wait(f"{media}.length > 0")
    assert visitor.see("localStorage.getItem('lensong.data_saver')") == "no"
    assert visitor.see("localStorage.getItem('lensong.quality_height')") == "360"
    visitor.do("key", key="Escape")  # back to where the way to the qualities is
    assert visitor.see(f"{FOCUSED}.id") == "settings-quality"
    assert visitor.see("document.querySelector('#switch-data-saver').checked") is False
    visitor.do("key", key="Escape")
    assert visitor.see(f"{PANEL} === null && {FOCUSED}.classList.contains('gear')")
    assert visitor.complaints(*EVERYTHING) == []


def test_keys_do_what_the_help_says_and_nothing_where_one_types(visitor: Visitor) -> None:
    visitor.open("/xem/hytv")
    plays(visitor)
    visitor.do("key", key="?")
    visitor.wait("!!document.querySelector('dialog.help[open] kbd')")
    is_accessible(visitor)
    visitor.do("key", key="k")
    visitor.do("key", key="Escape")
    visitor.wait("!document.querySelector('dialog[open]')")
    assert visitor.see(f"{MEDIA}.paused") is False

    visitor.see("document.querySelector('.stage').focus()")
    visitor.do("key", key="ArrowDown")
    visitor.wait_for_text("Âm lượng 95 %")
    assert visitor.see(f"{MEDIA}.volume") == 0.95
    visitor.do("key", key="c")
    visitor.wait_for_text("Kênh này không có phụ đề")
    visitor.do("click", selector=".side input")
    visitor.do("type", text="km3")
    assert visitor.see(f"{MEDIA}.paused || {MEDIA}.muted") is False
    visitor.see(f"{FOCUSED}.blur()")
    visitor.do("key", key="Control+m")
    assert visitor.see(f"{MEDIA}.muted") is False

    # Who steers by voice switches letters off; the third channel is a digit away until then.
    visitor.do("key", key="?")
    visitor.do("click", selector="#switch-letters")
    visitor.do("key", key="Escape")
    visitor.do("key", key="m")
    visitor.do("key", key="3")
    assert visitor.see(f"{MEDIA}.muted || location.pathname !== '/xem/hytv'") is False
    visitor.see("localStorage.removeItem('lensong.letter_keys')")
    visitor.do("key", key="3")
    visitor.wait("location.pathname === '/nghe/hyfm'")
    plays(visitor)
    assert visitor.complaints(*EVERYTHING) == []


def test_the_figures_are_read_and_copied(visitor: Visitor) -> None:
    visitor.open("/xem/hytv")
    plays(visitor)
    visitor.do("key", key="Shift+S")
    visitor.wait("!!document.querySelector('[data-statistic=frames]')")
    is_accessible(visitor)
    assert told(visitor, "channel") == "hytv · /live/hytv/index.m3u8"
    assert re.fullmatch(r"(360|234)p · \d+ kbit/s · Tự động", told(visitor, "quality"))
    assert told(visitor, "engine") == "hls.js"
    assert re.fullmatch(r"\d+ / \d+", told(visitor, "frames"))
    before = told(visitor, "frames")
    visitor.wait(f"document.querySelector('[data-statistic=frames]').textContent !== '{before}'")
    visitor.see("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    visitor.do("click", selector=".statistics .secondary")
    visitor.wait("document.querySelector('.statistics .secondary').innerText === 'Đã chép'")
    assert "Bộ phát: hls.js" in visitor.see("window.copied")
    visitor.do("click", selector=".statistics .control")
    assert visitor.see(f"{FOCUSED}.classList.contains('gear')")
    assert visitor.complaints(*EVERYTHING) == []


def test_the_sleep_timer_fades_out_whatever_channel_plays_then(visitor: Visitor) -> None:
    visitor.open("/xem/hytv", script=CLOCK)
    plays(visitor)
    visitor.see(f"{MEDIA}.volume = 0.8")
    visitor.do("key", key="t")
    visitor.wait(f"!!{PANEL}?.querySelector('#sleep-15')")
    is_accessible(visitor)
    visitor.do("click", selector="#sleep-15")
    visitor.wait_for_text("Sẽ tắt sau 15 phút")
    visitor.do("click", selector="#sleep-none")
    visitor.wait_for_text("Đã bỏ hẹn giờ tắt")
    assert visitor.see("document.querySelector('.sleep-chip').hidden")
    visitor.do("click", selector="#sleep-15")
    visitor.do("key", key="Escape")

    visitor.do("click", selector="[data-channel=hyfm]")
    plays(visitor)
    left = "document.querySelector('.sleep-chip:not([hidden])')?.getAttribute('aria-label')"
    visitor.wait(f"/^Hẹn giờ tắt: còn 1[45] phút$/.test({left})")
    visitor.see("window.skipMs = 14 * 60000 + 53000")
    visitor.wait(f"{MEDIA}.volume < 0.5 && {MEDIA}.volume > 0")
    assert visitor.see(f"{MEDIA}.paused") is False
    visitor.wait(f"{MEDIA}.paused")
    visitor.wait_for_text("Đã tắt theo giờ hẹn")
    assert visitor.see(f"{MEDIA}.volume") == 0.8
    assert visitor.see("localStorage.getItem('lensong.volume')") == "80"
    assert visitor.complaints(*EVERYTHING) == []


def test_in_full_screen_the_controls_go_and_come_back(visitor: Visitor) -> None:
    visitor.open("/xem/hytv")
    plays(visitor)
    visitor.do("click", selector=".screen", count=2)
    visitor.wait("document.fullscreenElement?.classList.contains('stage')")
    visitor.wait("document.querySelector('.stage').classList.contains('idle')")
    assert visitor.see(f"{MEDIA}.paused") is False
    visitor.do("hover", selector=".screen", share=0.4)
    visitor.wait("!document.querySelector('.stage').classList.contains('idle')")
    # The keyboard's focus on a control keeps them; so does an open panel.
    visitor.do("key", key="Tab")
    visitor.wait("!!document.querySelector('.controls :focus-visible')")
    opens_settings(visitor)
    seen = visitor.see(
        f"(() => {{ const at = {PANEL}.getBoundingClientRect();"
        " const top = document.elementFromPoint(at.left + at.width / 2, at.top + 20);"
        " return top !== null && top.closest('dialog') !== null; })()"
    )
    assert seen is True
    visitor.see("new Promise((done) => setTimeout(done, 3300))")
    assert visitor.see("document.querySelector('.stage').classList.contains('idle')") is False
    visitor.do("click", selector="#settings-close")
    visitor.do("key", key="f")
    visitor.wait("!document.fullscreenElement")
    assert visitor.complaints(*EVERYTHING) == []


def test_a_tap_shows_the_controls_and_a_sheet_fits_the_phone(visitor: Visitor) -> None:
    visitor.open("/xem/hytv", width=320, height=640, touch=True)
    plays(visitor)
    visitor.do("tap", selector=".screen")
    visitor.wait("getComputedStyle(document.querySelector('.peek')).display !== 'none'")
    assert visitor.see(f"{MEDIA}.paused") is False
    visitor.do("tap", selector=".peek")
    visitor.wait(f"{MEDIA}.paused")
    assert visitor.see("document.querySelector('.bar').offsetHeight") < 70
    visitor.do("tap", selector=".gear")
    visitor.wait(f"!!{PANEL}?.querySelector('#settings-sleep')")
    visitor.wait(f"{PANEL}.getAnimations().length === 0")
    box = visitor.see(f"JSON.parse(JSON.stringify({PANEL}.getBoundingClientRect()))")
    assert (box["left"], box["right"], box["bottom"]) == (0, 320, 640)
    small = visitor.see(
        f"[...{PANEL}.querySelectorAll('button, label')].filter(e => e.offsetParent &&"
        " (e.offsetHeight < 44 || e.offsetWidth < 44)).map(e => e.outerHTML)"
    )
    assert small == []
    is_accessible(visitor)


def lime_pixels(visitor: Visitor, file: Path) -> int:
    """Count the pixels of the page that have exactly the captions' green."""
    visitor.do("shot", path=str(file))
    with av.open(str(file)) as picture:
        pixels = next(picture.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    return int((abs(pixels - (0x69, 0xF0, 0x6E)).max(axis=2) <= 3).sum())


def answers_with_captions(station: Station, visitor: Visitor) -> None:
    """Give the channel a WebVTT rendition: each cue is the moment on air, four seconds long."""
    begin_s = unix_ns() // 1_000_000_000 - 120
    times = [f"00:{at // 60:02}:{at % 60:02}.000" for at in range(0, 901, 4)]
    cues = "".join(
        f"\n{start} --> {end}\nPhụ đề {begin_s + 4 * n}\n"
        for n, (start, end) in enumerate(pairwise(times))
    )
    ticks = begin_s * 90_000 % 2**33
    words = f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{ticks},LOCAL:00:00:00.000\n{cues}"
    playlist = (
        "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:900\n#EXT-X-MEDIA-SEQUENCE:1\n"
        f"#EXT-X-PROGRAM-DATE-TIME:{_iso(begin_s)}\n#EXTINF:900,\nwords.vtt\n"
    )
    with urlopen(f"{station.site}/live/hytv/index.m3u8") as answer:  # noqa: S310
        lines = answer.read().decode().split("\n")
    media = (
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="words",NAME="Tiếng Việt",LANGUAGE="vi",'
        'DEFAULT=YES,AUTOSELECT=YES,URI="words.m3u8"'
    )
    lines = [
        line + ',SUBTITLES="words"' if line.startswith("#EXT-X-STREAM-INF") else line
        for line in lines
    ]
    visitor.open("/")
    for name, text in (
        ("index.m3u8", "\n".join([lines[0], media, *lines[1:]])),
        ("words.m3u8", playlist),
        ("words.vtt", words),
    ):
        kind = "text/vtt" if name.endswith("vtt") else "application/vnd.apple.mpegurl"
        coded = base64.b64encode(text.encode()).decode()
        visitor.do("answer", path=f"/live/hytv/{name}", base64=coded, type=kind)


def test_captions_are_shown_in_time_and_look_as_was_chosen(
    station: Station, visitor: Visitor, tmp_path: Path
) -> None:
    answers_with_captions(station, visitor)
    visitor.do("go", url=f"{station.site}/xem/hytv")
    plays(visitor)
    visitor.wait("!document.querySelector('.control.captions').hidden")
    # Nobody asked for them yet: they are neither shown nor loaded.
    shown = f"[...{MEDIA}.textTracks].find(track => track.mode === 'showing')"
    assert visitor.see(f"{shown} === undefined") is True
    assert not [url for url in visitor.do("requests") if url.endswith("words.vtt")]

    opens_settings(visitor)
    visitor.do("click", selector="#switch-captions")
    visitor.do("click", selector="#settings-captions")
    visitor.do("click", selector="#caption-colour-lime")
    visitor.do("click", selector="#caption-size-200")
    visitor.do("click", selector="#caption-background-black")
    sample = "getComputedStyle(document.querySelector('.caption-sample span'))"
    assert visitor.see(f"[{sample}.color, {sample}.backgroundColor]") == [
        "rgb(105, 240, 110)",
        "rgb(0, 0, 0)",
    ]
    is_accessible(visitor)
    visitor.do("key", key="Escape")
    visitor.do("key", key="Escape")
    visitor.wait(f"{shown}?.activeCues?.length > 0")
    visitor.wait("/trường quay \\d+ giây/.test(document.querySelector('.delay').innerText)")
    behind_s, cue = visitor.see(
        "[Number(/\\d+/.exec(document.querySelector('.delay').innerText)[0]),"
        f" {shown}.activeCues[0].text]"
    )
    on_air_s = unix_ns() / 1e9 - behind_s
    assert re.fullmatch(r"Phụ đề \d+", cue)
    assert -3 < on_air_s - int(cue.split()[-1]) < 7  # a cue lasts four seconds
    assert lime_pixels(visitor, tmp_path / "with.png") > 300

    visitor.do("key", key="c")
    visitor.wait_for_text("Đã tắt phụ đề")
    visitor.wait(f"{shown} === undefined")
    assert lime_pixels(visitor, tmp_path / "without.png") < 30  # the test picture is colourful
    visitor.do("click", selector=".control.captions")
    visitor.wait(f"{shown}?.activeCues?.length > 0")
    assert visitor.see("localStorage.getItem('lensong.caption_style')") == "200 lime black none"
    assert visitor.complaints(*EVERYTHING) == []


def _iso(unix_s: int) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%dT%H:%M:%S.000Z}"


def test_the_bar_has_a_tick_where_a_programme_begins(
    recorded: RecordedStation, viewer: Visitor
) -> None:
    viewer.open("/xem/hytv")
    viewer.wait(MOVING)
    viewer.wait("document.querySelectorAll('.ticks i').length > 1")
    start_s, _ = recorded.programmes["running"]
    place = (
        "(() => {{ const b = document.querySelector('.seek-bar');"
        " return ({at} - Number(b.min)) / (Number(b.max) - Number(b.min)); }})()"
    )
    shares = (
        "[...document.querySelectorAll('.ticks i')]"
        ".map(e => Number(e.style.getPropertyValue('--share')))"
    )
    expected = viewer.see(place.format(at=start_s))
    assert min(abs(share - expected) for share in viewer.see(shares)) < 0.002
    # The preview names what was on: a little after that programme's start it is this one.
    viewer.do("hover", selector=".seek-bar", share=expected + 0.02)
    viewer.wait("document.querySelector('.preview .seek-title').textContent.includes('Thời sự')")
    viewer.see("document.querySelector('.seek-bar').focus()")
    viewer.do("key", key="PageDown")
    value = "document.querySelector('.seek-bar').getAttribute('aria-valuetext')"
    viewer.wait(f"/^\\d\\d:\\d\\d:\\d\\d, trễ [45] phút, .*Thời sự/.test({value})")
    plays(viewer)
    assert viewer.complaints(*EVERYTHING) == []
