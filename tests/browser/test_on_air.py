"""The page in Chromium while the whole platform is on air: what a viewer sees and hears.

Studios publish through RTMP and Icecast, FFmpeg encodes, packager and archive keep, origin and
control answer: nothing stands in for anything.  The pictures carry the numbers of their frames, so
what is compared is what the viewer sees; what is heard is measured on the sound that comes out.
"""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from core.clock import unix_ns
from lensong.demo.picture import FRAME_RATE, HEIGHT, STRIP_BITS, STRIP_SQUARE, WIDTH
from tests.browser.conftest import OnAirStation, Visitor
from tests.recorded_media import CYCLE_FRAMES, RATE

pytestmark = [pytest.mark.browser, pytest.mark.media, pytest.mark.timeout(180)]

EVERYTHING = ("uncaught", "dialog", "policy", "console", "stranger")
MEDIA = "document.querySelector('lensong-channel video, lensong-channel audio')"
MOVING = f"{MEDIA} && !{MEDIA}.paused && {MEDIA}.readyState >= 3 && {MEDIA}.currentTime > 0"
# After so long, what was on air is in the archive, its picture too.
ARCHIVED_S = 15
DECODED = f"{MEDIA}.webkitAudioDecodedByteCount"

# What the picture is: the studio's number of its frame, -1 for the backup's (which is violet where
# the studio is green), null for the slate, which has no number.
PICTURE = f"""(() => {{
  const media = {MEDIA};
  if (!media || media.readyState < 2) return null;
  const picture = new OffscreenCanvas({WIDTH}, {HEIGHT}).getContext("2d");
  picture.drawImage(media, 0, 0, {WIDTH}, {HEIGHT});
  const row = picture.getImageData(0, {HEIGHT - STRIP_SQUARE // 2}, {WIDTH}, 1).data;
  const bits = Array.from({{ length: {STRIP_BITS + 2} }},
    (_, place) => (row[4 * (place * {STRIP_SQUARE} + {STRIP_SQUARE // 2})] > 125 ? 1 : 0));
  if (bits[0] !== 1 || bits[1] !== 0) return null;
  const [red, green] = picture.getImageData({WIDTH - 40}, {HEIGHT // 2}, 1, 1).data;
  if (red > green) return -1;
  return bits.slice(2).reduce((number, bit) => 2 * number + bit, 0);
}})()"""

# The number in yesterday's picture (tests.recorded_media).
RECORDED = f"""(() => {{
  const picture = new OffscreenCanvas(64, 64).getContext("2d");
  picture.drawImage({MEDIA}, 0, 0, 64, 64);
  let number = 0;
  for (let place = 2; place < 16; place += 1) {{
    const at = picture.getImageData((place % 8) * 8 + 4, Math.floor(place / 8) * 32 + 16, 1, 1);
    number = 2 * number + (at.data[0] > 128 ? 1 : 0);
  }}
  return number;
}})()"""

# The loudest sample that comes out within a second, 0 to 1.
LOUDEST = f"""(async () => {{
  const context = new AudioContext();
  const meter = context.createAnalyser();
  context.createMediaStreamSource({MEDIA}.captureStream()).connect(meter);
  const samples = new Float32Array(meter.fftSize);
  let loudest = 0;
  for (let look = 0; look < 50 && loudest < 0.02; look += 1) {{
    await new Promise((resolve) => setTimeout(resolve, 40));
    meter.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, ...samples.map(Math.abs));
  }}
  await context.close();
  return loudest;
}})()"""

# Watch the screen as a viewer does: which pictures come, in order, and how long the picture stands.
WATCH = f"""(() => {{
  clearInterval(window.watching);
  window.pictures = []; window.longestStandS = 0; window.faults = [];
  let at = -1; let since = performance.now();
  window.watching = setInterval(() => {{
    const media = {MEDIA};
    if (media.currentTime !== at) {{ at = media.currentTime; since = performance.now(); }}
    window.longestStandS = Math.max(window.longestStandS, (performance.now() - since) / 1000);
    const code = document.querySelector('.overlay .code')?.textContent;
    if (code && !window.faults.includes(code)) window.faults.push(code);
    const shown = {PICTURE};
    const kind = shown === null ? 'slate' : shown < 0 ? 'backup' : 'studio';
    if (window.pictures.at(-1) !== kind) window.pictures.push(kind);
  }}, 100);
}})()"""


def now_s() -> float:
    return unix_ns() / 1e9


def plays(watcher: Visitor, *, seconds: float = 20) -> None:
    """Wait until time passes."""
    watcher.wait(MOVING, seconds=seconds)
    before = watcher.see(f"{MEDIA}.currentTime")
    watcher.wait(f"{MEDIA}.currentTime > {before} + 0.3")


def click_to_play(watcher: Visitor, selector: str) -> None:
    """Click what plays something else, and wait until that plays."""
    watcher.see(f"window.playedBefore = {MEDIA}.currentSrc")
    watcher.do("click", selector=selector)
    watcher.wait(f"{MEDIA}.currentSrc !== window.playedBefore")
    plays(watcher)


def moment_shown(watcher: Visitor) -> float:
    """Return the moment at which the studio drew the picture on screen, UNIX seconds."""
    number = watcher.see(PICTURE)
    assert number is not None
    assert number >= 0, "the backup's picture"
    turns = round((now_s() * FRAME_RATE - number) / 2**STRIP_BITS)
    return float((turns * 2**STRIP_BITS + number) / FRAME_RATE)


def recorded_moment_shown(watcher: Visitor, near_s: float) -> float:
    """Return the moment of a picture of yesterday's, the one nearest to ``near_s``."""
    number = watcher.see(RECORDED)
    cycle_s = CYCLE_FRAMES / RATE
    turns = round((near_s - number / RATE) / cycle_s)
    return float(turns * cycle_s + number / RATE)


def clock_shown(watcher: Visitor) -> float:
    """Return the moment that the page itself says is on screen, UNIX seconds."""
    return float(watcher.see("Number(document.querySelector('.seek-bar').value)"))


def at_moment(path: str, unix_s: float) -> str:
    """Write the address of a moment, as a viewer shares it."""
    local = datetime.fromtimestamp(unix_s, UTC) + timedelta(hours=7)
    return f"{path}?t={local:%Y-%m-%dT%H:%M:%S}"


def wait_until(unix_s: float) -> None:
    """Wait for a moment of the wall clock: it is what the station's programme goes by."""
    time.sleep(max(0.0, unix_s - now_s()))


def shows_live_pictures(watcher: Visitor) -> None:
    """Wait until a picture of the last half minute is on screen, and then another."""
    plays(watcher, seconds=30)
    watcher.wait(f"{PICTURE} > 0")
    first = moment_shown(watcher)
    assert 0 < now_s() - first < 40
    watcher.wait(f"{PICTURE} > {watcher.see(PICTURE)} + {FRAME_RATE // 2}")


def button(name: str) -> str:
    """Return the selector of the button that a viewer knows by this name."""
    return f"role=button[name=/^{name}/] >> visible=true"


def report(what: str, **figures: Any) -> None:
    """Say what was measured; ``pytest -s`` shows it."""
    told = {name: round(value, 2) for name, value in figures.items()}
    print(what, json.dumps(told))  # noqa: T201


def test_live_television_shows_moving_pictures_and_is_heard(watcher: Visitor) -> None:
    watcher.open("/xem/hytv")
    shows_live_pictures(watcher)
    watcher.wait("document.querySelector('.live').textContent === 'Trực tiếp'")
    watcher.wait_for_text("Chậm hơn trường quay")
    decoded = watcher.see(DECODED)
    assert watcher.see(LOUDEST) > 0.01
    watcher.wait(f"{DECODED} > {decoded}")
    # What the page says of the time is what the picture shows.
    assert abs(clock_shown(watcher) - moment_shown(watcher)) < 3
    assert watcher.complaints(*EVERYTHING) == []


def test_yesterdays_programme_opens_at_the_moment_of_a_link(
    on_air: OnAirStation, watcher: Visitor
) -> None:
    programme = on_air.programmes["Nông nghiệp và nông thôn"]
    moment_s = programme["start"] + 77
    watcher.open(at_moment("/xem/hytv", moment_s))
    plays(watcher)
    assert 0 <= recorded_moment_shown(watcher, moment_s) - moment_s < 6
    assert watcher.see("location.pathname").endswith(programme["id"])
    watcher.wait_for_text("Nông nghiệp và nông thôn")
    assert watcher.complaints(*EVERYTHING) == []


def test_a_moment_that_is_kept_no_longer_says_so_and_offers_a_way_out(watcher: Visitor) -> None:
    watcher.open(at_moment("/xem/hytv", now_s() - 4 * 86_400))
    watcher.wait_for_text("Đoạn này đã hết hạn xem lại hoặc không còn được lưu.")
    watcher.wait_for_text("Mã lỗi LS-G3")
    watcher.do("click", selector=".overlay .to-live")
    shows_live_pictures(watcher)
    assert watcher.see("location.search") == ""
    assert watcher.complaints(*EVERYTHING) == []


def test_a_lost_feed_is_the_backup_then_the_slate_and_nobody_has_to_touch_anything(
    on_air: OnAirStation, watcher: Visitor
) -> None:
    on_air.tell("plug hytv backup")
    watcher.open("/xem/hytv")
    shows_live_pictures(watcher)
    watcher.see(f"{WATCH}; 1")
    on_air.tell("fed backup hytv")
    on_air.tell("unplug hytv studio")
    on_air.tell("until backup hytv")
    time.sleep(2)  # of the backup's pictures
    on_air.tell("unplug hytv backup")
    watcher.wait_for_text("Chương trình sẽ trở lại ngay", seconds=15)
    on_air.tell("plug hytv studio")
    on_air.tell("until studio hytv")
    on_air.steady_since_s = now_s()
    watcher.wait("!document.body.innerText.includes('Chương trình sẽ trở lại ngay')", seconds=15)
    watcher.wait("window.pictures.length >= 4 && window.pictures.at(-1) === 'studio'", seconds=40)
    # A machine that is busy may need the slate until the backup is decoded, too.
    pictures = watcher.see("window.pictures")
    assert (pictures[0], pictures[-1]) == ("studio", "studio")
    assert set(pictures) == {"studio", "backup", "slate"}
    assert "slate" in pictures[pictures.index("backup") :]
    assert watcher.see("window.longestStandS") < 1
    assert watcher.see("window.faults") == []
    shows_live_pictures(watcher)
    assert watcher.complaints(*EVERYTHING) == []


def test_the_radio_is_heard_and_says_what_it_plays(on_air: OnAirStation, watcher: Visitor) -> None:
    watcher.open("/nghe/hyfm")
    plays(watcher)
    decoded = watcher.see(DECODED)
    assert watcher.see(LOUDEST) > 0.01
    watcher.wait(f"{DECODED} > {decoded}")
    watcher.wait_for_text("Quà tặng âm nhạc")
    watcher.wait_for_text("Đang phát:")
    # It begins as one stream; rewinding needs playlists, and live is the stream again.
    stream = on_air.site + "/radio/hyfm.aac"
    assert watcher.do("requests").count(stream) == 1
    wait_until(on_air.on_air_s + 60)
    click_to_play(watcher, ".skip[aria-keyshortcuts=ArrowLeft]")
    assert watcher.see("location.search").startswith("?t=")
    assert watcher.see(DECODED) > 0
    assert 25 < now_s() - clock_shown(watcher) < 60
    click_to_play(watcher, ".live")
    assert watcher.do("requests").count(stream) == 2
    watcher.wait("document.querySelector('.live').classList.contains('at-edge')")
    assert watcher.complaints(*EVERYTHING) == []


def test_start_over_begins_with_the_programme_and_leads_back_to_live(
    on_air: OnAirStation, watcher: Visitor
) -> None:
    start_s = on_air.programmes["Thời sự Hưng Yên"]["start"]
    wait_until(start_s + 45)  # its first frame is late by more than live itself
    watcher.open("/xem/hytv")
    shows_live_pictures(watcher)
    watcher.wait_for_text("Xem từ đầu")
    click_to_play(watcher, "role=link[name=/^Xem từ đầu/] >> nth=0")
    assert watcher.see("location.pathname").endswith(on_air.programmes["Thời sự Hưng Yên"]["id"])
    assert -1 < moment_shown(watcher) - start_s < 6
    assert abs(clock_shown(watcher) - moment_shown(watcher)) < 3
    watcher.wait("document.title.startsWith('Thời sự Hưng Yên')")
    watcher.wait("/^Về trực tiếp · trễ/.test(document.querySelector('.live').textContent)")
    watcher.do("click", selector=button("Về trực tiếp"))
    watcher.wait("document.querySelector('.live').textContent === 'Trực tiếp'")
    shows_live_pictures(watcher)
    assert watcher.complaints(*EVERYTHING) == []


def test_a_programme_that_is_over_is_seen_again(on_air: OnAirStation, watcher: Visitor) -> None:
    programme = on_air.programmes["Bản tin đầu giờ"]
    wait_until(programme["stop"] + ARCHIVED_S)
    watcher.open("/xem/hytv")
    watcher.wait(f"!!document.querySelector('[data-programme={programme['id']}] .offer')")
    click_to_play(watcher, "role=link[name='Xem lại: Bản tin đầu giờ']")
    assert -1 < moment_shown(watcher) - programme["start"] < 6
    decoded = watcher.see(DECODED)
    watcher.wait(f"{DECODED} > {decoded}")
    watcher.wait_for_text("Bản tin đầu giờ")
    watcher.wait_for_text("Đã hết chương trình", seconds=30)
    assert abs(moment_shown(watcher) - programme["stop"]) < 5
    watcher.do("click", selector=button("Về trực tiếp"))
    shows_live_pictures(watcher)
    assert watcher.complaints(*EVERYTHING) == []


def test_the_picture_goes_on_when_the_origin_is_killed(
    on_air: OnAirStation, watcher: Visitor
) -> None:
    watcher.open("/xem/hytv")
    shows_live_pictures(watcher)
    watcher.see(f"{WATCH}; 1")
    killed = on_air.tell("kill origin")
    began_s = now_s()
    while on_air.tell("pid origin") in (0, killed):
        assert now_s() - began_s < 30
        time.sleep(0.1)
    # What is buffered runs out, unless the page asks the new process by itself.
    edge = f"{MEDIA}.buffered.length ? {MEDIA}.buffered.end({MEDIA}.buffered.length - 1) : 0"
    before = watcher.see(f"({edge})")
    watcher.wait(f"({edge}) > {before} + 8", seconds=60)
    report("origin killed", loads_again_after_s=now_s() - began_s)
    shows_live_pictures(watcher)
    report("origin killed", picture_stood_s=watcher.see("window.longestStandS"))
    assert watcher.see("window.longestStandS") < 15
    assert watcher.complaints("uncaught", "dialog", "policy", "stranger") == []


def test_the_network_goes_and_comes_back(watcher: Visitor) -> None:
    watcher.open("/xem/hytv", script="localStorage.setItem('lensong.low_latency', 'yes')")
    shows_live_pictures(watcher)
    watcher.do("network", offline=True)
    watcher.wait_for_text("Mất kết nối mạng. Đang tự kết nối lại…", seconds=30)
    watcher.wait_for_text("Mã lỗi LS-O1")
    watcher.do("network", offline=False)
    began_s = now_s()
    shows_live_pictures(watcher)
    report("network back", plays_after_s=now_s() - began_s)
    watcher.wait("document.querySelector('.overlay').childElementCount === 0")
    assert watcher.complaints("uncaught", "dialog", "policy", "stranger") == []


def test_live_is_rewound_and_comes_back(on_air: OnAirStation, watcher: Visitor) -> None:
    wait_until(on_air.steady_since_s + 55)
    watcher.open("/xem/hytv")
    shows_live_pictures(watcher)
    before = moment_shown(watcher)
    watcher.do("click", selector=button("Lùi 30 giây"))
    watcher.wait("location.search.startsWith('?t=')")
    watcher.wait("/trễ [23]\\d giây/.test(document.querySelector('.live').textContent)")
    watcher.wait(f"{PICTURE} > 0 && {MEDIA}.readyState >= 3 && !{MEDIA}.seeking")
    plays(watcher)
    rewound = moment_shown(watcher)
    assert 20 < before - rewound < 32
    assert abs(clock_shown(watcher) - moment_shown(watcher)) < 3
    watcher.do("click", selector=button("Tới 30 giây"))
    watcher.wait("document.querySelector('.live').textContent === 'Trực tiếp'")
    shows_live_pictures(watcher)
    assert moment_shown(watcher) > rewound + 20
    assert watcher.see("location.search") == ""
    assert watcher.complaints(*EVERYTHING) == []


def test_a_link_to_a_moment_of_a_minute_ago_shows_that_moment(
    on_air: OnAirStation, watcher: Visitor
) -> None:
    wait_until(on_air.steady_since_s + 65)
    moment_s = int(now_s()) - 60
    watcher.open(at_moment("/xem/hytv", moment_s))
    plays(watcher)
    assert -1 < moment_shown(watcher) - moment_s < 6
    watcher.wait("/trễ/.test(document.querySelector('.live').textContent)")
    assert watcher.complaints(*EVERYTHING) == []


def test_a_shared_moment_carries_its_words_and_its_picture(
    on_air: OnAirStation, watcher: Visitor
) -> None:
    """Zalo and Facebook run no JavaScript: what they show stands in the HTML."""
    moment_s = on_air.programmes["Bản tin đầu giờ"]["start"] + 4
    wait_until(moment_s + ARCHIVED_S)
    watcher.open("/")
    link = at_moment("/xem/hytv", moment_s)
    html = watcher.see(f"fetch({link!r}).then((answer) => answer.text())")
    told = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]*)"', html))
    assert "Bản tin đầu giờ" in told["title"]
    assert told["description"]
    watcher.see(
        f"(() => {{ window.shared = new Image(); shared.src = {unescape(told['image'])!r}; }})()"
    )
    watcher.wait("window.shared.complete && window.shared.naturalWidth > 0")
    picture = PICTURE.replace(f"const media = {MEDIA};", "const media = window.shared;")
    picture = picture.replace("if (!media || media.readyState < 2) return null;", "")
    number = watcher.see(picture)
    turns = round((moment_s * FRAME_RATE - number) / 2**STRIP_BITS)
    assert abs((turns * 2**STRIP_BITS + number) / FRAME_RATE - moment_s) < 6
