"""What the guide's exports cost: ``python -m benchmarks.guide_exports [--channels 2 --days 200]``.

One process, no network: the pure work behind each answer, on a made guide of half-hour programmes.
Prints the time of one call, the least of some, in milliseconds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import monotonic_ns
from core.guide import GuideSnapshot, Programme
from core.rights import restrictions_of
from origin.documents import json_document
from origin.guide import cleaned
from origin.items import availability, full_item
from origin.schedule import Schedule, day_span
from origin.search import TitleIndex
from origin.xmltv import XmltvChannel, render_xmltv

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TITLES = ("Thời sự 19h", "Nhà nông Hưng Yên", "Phim truyện: Đất", "Bản tin thời tiết", "Chèo cổ")
DAY = date(2026, 6, 20)
A_DAY = 48


def make_guide(channel: str, days: int) -> GuideSnapshot:
    """Return programmes around :data:`DAY`, each with a text of usual length."""
    first_s = day_span(DAY, ZONE)[0] - days // 2 * 86_400
    return GuideSnapshot(
        channel=channel,
        programmes=tuple(
            Programme(
                id=f"{channel}-{number}",
                channel=channel,
                start_s=first_s + number * 1_800,
                end_s=first_s + (number + 1) * 1_800,
                title=f"{TITLES[number % len(TITLES)]} {number % 499}",
                description="Mô tả chương trình " * 8,
                categories=("Tin tức",),
                catch_up_days=3,
            )
            for number in range(A_DAY * days)
        ),
    )


def measure(what: str, call: Callable[[], Any], *, times: int = 5) -> Any:
    """Print how long a call takes, and return its result."""
    took_ns, result = [], None
    for _ in range(times):
        before_ns = monotonic_ns()
        result = call()
        took_ns.append(monotonic_ns() - before_ns)
    print(f"{what:<60} {min(took_ns) / 1e6:8.2f} ms")
    return result


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=2)
    parser.add_argument("--days", type=int, default=200)
    options = parser.parse_args()
    guides = [make_guide(f"c{number}", options.days) for number in range(options.channels)]
    now_s = day_span(DAY, ZONE)[1]
    clean = measure("texts made harmless, one channel", lambda: cleaned(guides[0]))
    schedule = measure("one channel in the order of time", lambda: Schedule(clean.programmes))

    def one_day() -> Any:
        items = schedule.between(*day_span(DAY, ZONE))
        told = [full_item(i, availability(i, now_s=now_s, archive_days=7)) for i in items]
        return json_document(told, cache_control="")

    day = measure("one day as JSON, with gzip", one_day)
    print(f"    {day.identity.length:,} bytes, {day.gzip.length:,} in gzip")
    measure("one channel's restrictions", lambda: restrictions_of(clean, now_s=now_s))
    everything = [item for guide in guides for item in guide.programmes]
    index = measure(f"search index of {len(everything):,} titles", lambda: TitleIndex(everything))
    for query in ("không có gì", "thời sự 77", "t", "bản tin 19h"):
        measure(f"search for {query!r}", lambda query=query: index.find(query))  # type: ignore[misc]
    span = day_span(DAY, ZONE, 15)
    channels = [
        XmltvChannel(
            slug=guide.channel,
            name=guide.channel,
            logo="",
            programmes=Schedule(guide.programmes).between(*span),
        )
        for guide in guides
    ]
    measure(
        "XMLTV of 15 days",
        lambda: render_xmltv(channels, station="Đo", language="vi", zone=ZONE),
    )


if __name__ == "__main__":
    main()
