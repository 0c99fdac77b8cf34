"""What the coming quarter and the coming day bring, for metrics and the uplink.  Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Final

from core.config import ChannelSettings
from core.ladder import renditions_of
from monitoring.forecast import DAY, Floats, forecast
from monitoring.special_days import special_quarters

__all__ = ["HISTORY", "Outlook", "bytes_per_session", "look_ahead"]

HISTORY: Final = 60 * DAY
"""Quarters of history: four weeks of past forecasts, each from four weeks, and some days more."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected."""

    sessions: dict[tuple[str, str], float]
    """By channel and level, of the first quarter after the history; what is not known is absent."""

    peak_bytes: float | None
    """Bytes a second of the coming day's highest quarter, each channel at its p95: on the safe
    side, for channels seldom peak together.  None where nothing is forecast."""


def bytes_per_session(
    channels: Iterable[ChannelSettings], watched: Mapping[tuple[str, str], int]
) -> dict[str, float]:
    """Return what one session takes, in bytes a second, by channel.

    Args:
        channels: Whose ladders are meant.
        watched: How much of each (channel, rendition) was watched lately; what was watched of an
            unknown rendition counts as the highest one.
    """
    found: dict[str, float] = {}
    for channel in channels:
        ladder = renditions_of(channel)
        sound = max((one.bitrate_bps for one in ladder if one.kind == "audio"), default=0)
        rates = {
            one.name: one.bitrate_bps + (sound if one.kind == "video" else 0) for one in ladder
        }
        highest = max(rates.values())
        mine = [
            (rates.get(rendition, highest), number)
            for (slug, rendition), number in watched.items()
            if slug == channel.slug
        ]
        total = sum(number for _, number in mine)
        rate = sum(rate * number for rate, number in mine) / total if total else highest
        found[channel.slug] = rate / 8
    return found


def look_ahead(
    histories: Mapping[str, Floats],
    rates: Mapping[str, float],
    *,
    first: int,
    zone: tzinfo,
    special_days: Iterable[date] = (),
) -> Outlook:
    """Forecast every channel.

    Args:
        histories: By channel, all of one length, as ``forecast`` wants them.
        rates: Bytes a second of one session; channels that it lacks are left out.
        first: The quarter that histories begin with.
        zone: The station's.
        special_days: What the settings add to the known ones.
    """
    sessions: dict[tuple[str, str], float] = {}
    bytes_at: dict[int, float] = {}
    for channel, history in histories.items():
        if channel not in rates:
            continue
        special = special_quarters(first, len(history) + DAY, zone, special_days)
        expected = forecast(history, first=first, leads=range(1, DAY + 1), special=special)
        if (soon := expected[0]) is not None:
            sessions |= {
                (channel, "p05"): soon.p05,
                (channel, "p50"): soon.p50,
                (channel, "p95"): soon.p95,
            }
            if soon.last_week is not None:
                sessions[channel, "last_week"] = soon.last_week
        for one in expected:
            if one is not None:
                taken = one.p95 * rates[channel]
                bytes_at[one.quarter] = bytes_at.get(one.quarter, 0.0) + taken
    return Outlook(sessions, max(bytes_at.values(), default=None))
