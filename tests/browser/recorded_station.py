"""A small station with a past: the real origin, an archive, a guide, and a stand-in packager.

``python -m tests.browser.recorded_station`` prints one line of JSON with the site's address and the
times of its programmes when it is ready, and obeys lines on its standard input until that ends:
``ends SECONDS`` lets the radio's programme end so many seconds from now.  Each picture shows the
number of its frame (``tests.recorded_media``), so a browser can tell which moment it shows.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from core.archive import SegmentRecord, hour_of, render_index
from core.boxes import iter_boxes
from core.clock import unix_ns
from core.config import Settings
from core.environment import INTERNAL_SECRET_VARIABLE
from core.guide import GuideSnapshot, Programme
from core.guide_files import write_guide
from core.ladder import renditions_of
from core.publication import (
    ChannelState,
    HeaderPublished,
    HourArchived,
    PartPublished,
    Publication,
    SegmentArchived,
    SegmentPublished,
    SnapshotEnd,
    TitlePlayed,
    render_publication,
)
from core.timeline import (
    PARTS_PER_SEGMENT,
    PartAddress,
    UnixNs,
    address_at,
    end_of_part,
    msn_at,
)
from tests.browser.ports import free_ports
from tests.browser.recorded_clips import PODCAST, put_clips
from tests.recorded_media import Media, Recorder, make_media, recorded_settings

__all__ = ["main"]

ROOT: Final = Path(__file__).parents[2]
LIVE_SEGMENTS: Final = 12
PAST_S: Final = 45 * 60
"""How far back the archive reaches without a break."""

DAY_S: Final = 86_400
SONGS: Final = {"Tiến quân ca": 60, "<b>Quê hương</b>": 400, "Bài ca năm tấn": 700}
"""The radio's last songs, and how many seconds before the start each began."""

HOSTILE: Final = '<script>alert(1)</script> "Thời sự" & <img src=x onerror=alert(2)> \u202eđỏ'

LONG: Final = "Rất dài " * 1300
"""Ten thousand bytes and more."""


@dataclass(slots=True)
class RecordedPackager:
    """Publishes and archives numbered pictures, each part at its end by the wall clock."""

    recorders: list[Recorder]
    edge: PartAddress
    hours: dict[tuple[str, str], list[SegmentRecord]]
    """What is archived of the hour that is open, by channel and rendition."""

    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def follow(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Tell a follower the window and the open hour, then keep it for what comes."""
        songs = [
            TitlePlayed(channel="hyfm", title=title, since_ns=unix_ns() - ago_s * 10**9)
            for title, ago_s in SONGS.items()
        ]
        newest = songs[0]
        facts: list[Publication] = [
            ChannelState(channel="hytv", on_air="studio", title="", since_ns=0),
            ChannelState(
                channel="hyfm", on_air="studio", title=newest.title, since_ns=newest.since_ns
            ),
            *songs,
        ]
        for item in self.recorders:
            header = HeaderPublished(
                channel=item.channel,
                rendition=item.rendition,
                hash=item.media.header_hash,
                data=item.media.header,
            )
            facts += [header, self._open_hour(item)]
        address = PartAddress(self.edge.msn - LIVE_SEGMENTS, 0)
        while address <= self.edge:
            facts += self._published(address)
            address = address.next()
        self._send(writer, [*facts, SnapshotEnd()])
        self.writers.append(writer)
        await writer.drain()

    async def publish_for_ever(self) -> None:
        """Publish each part when it has ended, archive each segment."""
        while True:
            following = self.edge.next()
            await asyncio.sleep(max(0.0, (end_of_part(following) - unix_ns()) / 1e9))
            self.edge = following
            facts: list[Publication] = [*self._published(following)]
            if following.part + 1 == PARTS_PER_SEGMENT:
                facts += [self._archive(item, following.msn) for item in self.recorders]
            self.writers = [writer for writer in self.writers if not writer.is_closing()]
            for writer in self.writers:
                self._send(writer, facts)

    def _open_hour(self, item: Recorder) -> HourArchived:
        hour = hour_of(self.edge.msn)
        index = item.index(hour, self.hours[item.channel, item.rendition])
        return HourArchived(
            channel=item.channel,
            rendition=item.rendition,
            hour=hour,
            closed=False,
            data=render_index(index),
        )

    def _archive(self, item: Recorder, msn: int) -> SegmentArchived:
        item.write(msn, msn, indexes=False)
        data = item.media.segment(msn)
        record = _record(item.media, msn, data)
        if hour_of(msn) == hour_of(self.edge.msn):
            self.hours[item.channel, item.rendition].append(record)
        return SegmentArchived(
            channel=item.channel,
            rendition=item.rendition,
            msn=msn,
            header_hash=record.header_hash,
            size_bytes=record.size_bytes,
            sha256=record.sha256.hex(),
            slate=False,
        )

    def _published(self, address: PartAddress) -> Iterator[PartPublished | SegmentPublished]:
        for item in self.recorders:
            yield PartPublished(
                channel=item.channel,
                rendition=item.rendition,
                msn=address.msn,
                part=address.part,
                header_hash=item.media.header_hash,
                independent=item.media.facts.kind == "audio" or address.part % 3 == 0,
                data=_parts(item.media.segment(address.msn))[address.part],
            )
            if address.part + 1 == PARTS_PER_SEGMENT:
                yield SegmentPublished(
                    channel=item.channel,
                    rendition=item.rendition,
                    msn=address.msn,
                    header_hash=item.media.header_hash,
                    slate=False,
                )

    @staticmethod
    def _send(writer: asyncio.StreamWriter, facts: list[Publication]) -> None:
        for fact in facts:
            writer.writelines(render_publication(fact))


def _parts(segment: bytes) -> list[bytes]:
    boxes = [bytes(box.raw) for box in iter_boxes(segment) if box.kind in (b"moof", b"mdat")]
    return [moof + mdat for moof, mdat in zip(boxes[::2], boxes[1::2], strict=True)]


def _record(media: Media, msn: int, data: bytes) -> SegmentRecord:
    return SegmentRecord(
        msn=msn,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).digest(),
        header_hash=media.header_hash,
    )


def television(now_s: int) -> GuideSnapshot:
    """Return a guide in which every kind of programme stands, around ``now_s``."""

    def item(name: str, start_s: int, end_s: int, title: str, **more: object) -> Programme:
        start, end = now_s + start_s, now_s + end_s
        values = {"id": name, "channel": "hytv", "start_s": start, "end_s": end, "title": title}
        return Programme(**(values | more))  # type: ignore[arg-type]

    days = [
        item(f"old-{back}", -back * DAY_S - 7200, -back * DAY_S, "Phim truyện", catch_up_days=1)
        for back in (2, 3)
    ]
    return GuideSnapshot(
        channel="hytv",
        programmes=(
            *days[::-1],
            item("yesterday", -DAY_S - 300, -DAY_S - 60, "Nông nghiệp và nông thôn"),
            item("long", -2550, -2400, LONG, description=LONG),
            item("refused", -2400, -1800, "Bóng đá: vòng loại", catch_up_days=0),
            item("before", -1800, -497, "Ca nhạc theo yêu cầu", subtitle="Số 12"),
            item("running", -497, 1800, HOSTILE, description=f"Tin trong ngày. {HOSTILE}"),
            item("next", 1800, 3600, "Dự báo thời tiết"),
            item("later", 3600, 7200, "Phim tài liệu", episode="Tập 3"),
        ),
    )


def radio(now_s: int, *, ends_s: int = 1800) -> GuideSnapshot:
    """Return a guide of the radio in which what is on ends at ``now_s + ends_s``."""
    end_s = now_s + ends_s
    return GuideSnapshot(
        channel="hyfm",
        programmes=(
            Programme(
                id="morning", channel="hyfm", start_s=end_s - 4200, end_s=end_s - 2700, title="Sáng"
            ),
            Programme(
                id="songs", channel="hyfm", start_s=end_s - 2700, end_s=end_s, title="Quà tặng"
            ),
            Programme(
                id="talk", channel="hyfm", start_s=end_s, end_s=end_s + 3600, title="Trò chuyện"
            ),
        ),
    )


def _record_past(recorder: Recorder, last: int, guide: GuideSnapshot) -> list[SegmentRecord]:
    """Write the archive up to segment ``last``; return what the open hour has; blocks."""
    by_id = {programme.id: programme for programme in guide.programmes}
    first = last - PAST_S * 100 // 384
    hole: list[int] = []
    if recorder.channel == "hytv":
        yesterday = by_id["yesterday"]
        begin, end = (msn_at(UnixNs(s * 10**9)) for s in (yesterday.began_s, yesterday.ended_s))
        recorder.write(begin, end)
        middle = msn_at(UnixNs((by_id["before"].began_s + 60) * 10**9))
        hole = [middle, middle + 1]
    open_from = max(first, msn_at(UnixNs(hour_of(last) * 3600 * 10**9)) + 1)
    if open_from > first:
        recorder.write(first, open_from - 1, missing=hole)
    there = [msn for msn in range(open_from, last + 1) if msn not in hole]
    recorder.write(open_from, last, missing=hole, indexes=False)
    return [_record(recorder.media, msn, recorder.media.segment(msn)) for msn in there]


async def _wait_for(url: str) -> None:
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            with suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.05)


async def _obey(settings: Settings, told: dict[str, object]) -> None:
    """Obey standard input until it ends."""
    print(json.dumps(told), flush=True)  # noqa: T201
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        verb, _, rest = line.partition(" ")
        if verb == "ends":
            snapshot = radio(unix_ns() // 10**9, ends_s=int(rest))
            write_guide(settings.paths.data_dir / "guide", snapshot)
            print(json.dumps(snapshot.programmes[1].end_s), flush=True)  # noqa: T201


async def _run(folder: Path) -> None:
    media, (http, admin) = await make_media(), free_ports(2)
    network = f"http_port = {http}\norigin_admin_port = {admin}"
    settings = recorded_settings(folder, more=network)
    file = folder / "settings.toml"
    file.write_text(_settings_text(folder, network), encoding="utf-8")
    now = unix_ns()
    edge = PartAddress(address_at(UnixNs(now)).msn - 1, PARTS_PER_SEGMENT - 1)
    guides = {guide.channel: guide for guide in (television(now // 10**9), radio(now // 10**9))}
    for guide in guides.values():
        write_guide(settings.paths.data_dir / "guide", guide)
    await put_clips(settings.clips_dir, now // 10**9, HOSTILE)
    recorders = [
        Recorder(settings.archive_dir, media[item.kind == "audio"], channel.slug, item.name)
        for channel in settings.channels
        for item in renditions_of(channel)
    ]
    hours = {
        (item.channel, item.rendition): _record_past(item, edge.msn, guides[item.channel])
        for item in recorders
    }
    packager = RecordedPackager(recorders, edge, hours)
    server = await asyncio.start_unix_server(packager.follow, settings.packager_socket)
    origin = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "origin", str(file), "--index", "0"),
        cwd=ROOT,
        env=os.environ | {INTERNAL_SECRET_VARIABLE: secrets.token_urlsafe(24)},  # noqa: TID251
        stdin=asyncio.subprocess.DEVNULL,
    )
    programmes = {
        item.id: [item.began_s, item.ended_s]
        for guide in guides.values()
        for item in guide.programmes
    }
    try:
        await _wait_for(f"http://127.0.0.1:{http}/api/v1/time")
        async with asyncio.TaskGroup() as tasks:
            publishing = tasks.create_task(packager.publish_for_ever())
            await _obey(settings, {"site": f"http://127.0.0.1:{http}", "programmes": programmes})
            publishing.cancel()
            server.close()
    finally:
        with suppress(ProcessLookupError):
            origin.terminate()
        await origin.wait()


def _settings_text(folder: Path, network: str) -> str:
    """Write the settings of ``recorded_settings`` for the origin's own reading."""
    channels = [
        ("hytv", "Truyền hình Hưng Yên", "tv"),
        ("hyfm", "Phát thanh Hưng Yên", "radio"),
    ]
    text = f"""
        [station]
        name = "Đài Hưng Yên"
        [paths]
        run_dir = "{folder}"
        data_dir = "{folder}/data"
        [network]
        http_host = "127.0.0.1"
        {network}
    """
    for slug, name, kind in channels:
        text += f'\n[[channels]]\nslug = "{slug}"\nname = "{name}"\nkind = "{kind}"\n'
        if kind == "tv":
            text += '[[channels.renditions]]\nname = "64p"\nwidth = 64\nheight = 64\n'
            text += "video_kbps = 50\n"
    return text + PODCAST


def main() -> None:
    """Run the station until standard input ends."""
    with tempfile.TemporaryDirectory(prefix="ls-") as name:
        asyncio.run(_run(Path(name)))


if __name__ == "__main__":
    main()
