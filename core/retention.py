"""Which hours of the archive go, and when.  Sans-I/O.

Two rules, in this order:

*By days.*  An hour of a channel goes when all of it is older than ``archive_days``; the renditions
of its legal deposit stay for ``deposit_days``, if that is longer.

*By space.*  While the disk has less than ``archive.min_free_gb`` free, the channel that is furthest
above its share gives its oldest hour.  A share is what the channel's bit rates would fill in its
days, so that a channel which somebody else's growth pushed against the wall is not the one that
pays.  The last two hours stay whatever happens: viewers are rewinding in them.  The legal
deposit goes only when nothing else is left, and never silently.

Channels that the settings do not name are not touched: what a slip of the pen took out of a file
is still there when it is put back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from core.archive import hour_at
from core.config import ChannelSettings
from core.ladder import deposit_renditions, renditions_of
from core.timeline import UnixNs

__all__ = [
    "KEPT_HOURS",
    "HourAddress",
    "KeepingRule",
    "Removal",
    "decide_retention",
    "rule_of",
]

KEPT_HOURS: Final = 2
"""Whole hours before the present one that no shortage of space takes."""

_HOURS_A_DAY: Final = 24
_SECONDS_AN_HOUR: Final = 3_600

HourAddress = tuple[str, str, int]
"""(channel, rendition, hour)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingRule:
    """What is kept of a channel, and for how long."""

    channel: str
    archive_days: int
    deposit_days: int
    deposit: frozenset[str]
    """Renditions of the legal deposit."""

    bytes_an_hour: Mapping[str, int]
    """What each rendition is expected to fill."""

    def keeps_for_deposit(self, rendition: str, hour: int, present: int) -> bool:
        """Tell whether an hour is the legal deposit's."""
        return rendition in self.deposit and hour >= present - self.deposit_days * _HOURS_A_DAY

    def expired(self, rendition: str, hour: int, present: int) -> bool:
        """Tell whether the days of an hour are over."""
        # An hour that is not over is nobody's to remove, whatever the days say.
        old = hour < min(present, present - self.archive_days * _HOURS_A_DAY)
        return old and not self.keeps_for_deposit(rendition, hour, present)

    def share_bytes(self) -> int:
        """Return what the catch-up of the channel is expected to fill beside its deposit."""
        total = 0
        for rendition, size in self.bytes_an_hour.items():
            days = self.archive_days
            if rendition in self.deposit:
                days = max(0, days - self.deposit_days)
            total += size * days * _HOURS_A_DAY
        return total

    def deposit_bytes(self) -> int:
        """Return what the channel's deposit is expected to fill."""
        sizes = (size for name, size in self.bytes_an_hour.items() if name in self.deposit)
        return sum(sizes) * self.deposit_days * _HOURS_A_DAY


def rule_of(channel: ChannelSettings) -> KeepingRule:
    """Return the rule that a channel's settings make.

    Raises:
        ConfigError: If ``deposit_rendition`` names no rendition of the channel.
    """
    return KeepingRule(
        channel=channel.slug,
        archive_days=channel.archive_days,
        deposit_days=channel.deposit_days,
        deposit=frozenset(item.name for item in deposit_renditions(channel)),
        bytes_an_hour={
            item.name: item.bitrate_bps * _SECONDS_AN_HOUR // 8 for item in renditions_of(channel)
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One hour of a channel that goes."""

    channel: str
    hour: int
    renditions: tuple[str, ...]
    size_bytes: int
    why: Literal["days", "space", "deposit"]
    """``deposit``: for want of space, and of the legal deposit."""


def decide_retention(
    *,
    rules: Sequence[KeepingRule],
    stored: Mapping[HourAddress, int],
    now: UnixNs,
    free_bytes: int | None,
    min_free_bytes: int,
    limit: int,
) -> list[Removal]:
    """Decide what goes now.

    Args:
        rules: One a channel.
        stored: Bytes of each hour that is stored; thumbnails and hours of unknown size as 0.
        now: The present moment.
        free_bytes: What is free; None where that has no limit.
        min_free_bytes: What is to stay free.
        limit: Most removals to decide on, so that a turn has an end.

    Returns:
        The removals in the order in which to make them: by days, oldest first, then by space.
    """
    present = hour_at(now)
    by_channel = {rule.channel: rule for rule in rules}
    left = {key: size for key, size in stored.items() if key[0] in by_channel}
    removals = _by_days(by_channel, left, present)[:limit]
    for removal in removals:
        _take(left, removal)
    if free_bytes is None:
        return removals
    free_bytes += sum(removal.size_bytes for removal in removals)
    while free_bytes < min_free_bytes and len(removals) < limit:
        found = _by_space(by_channel, left, present)
        if found is None:
            break
        removals.append(found)
        _take(left, found)
        free_bytes += found.size_bytes
    return removals


def _take(left: dict[HourAddress, int], removal: Removal) -> None:
    for rendition in removal.renditions:
        del left[removal.channel, rendition, removal.hour]


def _by_days(
    rules: Mapping[str, KeepingRule], left: Mapping[HourAddress, int], present: int
) -> list[Removal]:
    gone: dict[tuple[int, str], list[str]] = defaultdict(list)
    for channel, rendition, hour in left:
        if rules[channel].expired(rendition, hour, present):
            gone[hour, channel].append(rendition)
    return [
        _removal(left, channel, hour, renditions, "days")
        for (hour, channel), renditions in sorted(gone.items())
    ]


def _by_space(
    rules: Mapping[str, KeepingRule], left: Mapping[HourAddress, int], present: int
) -> Removal | None:
    """Choose the channel furthest above its share, and of it the oldest hour."""
    catch_up: dict[str, list[HourAddress]] = defaultdict(list)
    deposit: dict[str, list[HourAddress]] = defaultdict(list)
    for key in left:
        channel, rendition, hour = key
        kept = rules[channel].keeps_for_deposit(rendition, hour, present)
        (deposit if kept else catch_up)[channel].append(key)
    shares = {slug: rule.share_bytes() for slug, rule in rules.items()}
    found = _of_the_furthest(left, catch_up, shares, present, "space")
    if found is None:
        shares = {slug: rule.deposit_bytes() for slug, rule in rules.items()}
        found = _of_the_furthest(left, deposit, shares, present, "deposit")
    return found


def _of_the_furthest(
    left: Mapping[HourAddress, int],
    held: Mapping[str, Iterable[HourAddress]],
    shares: Mapping[str, int],
    present: int,
    why: Literal["space", "deposit"],
) -> Removal | None:
    oldest: dict[str, int] = {}
    excess: dict[str, tuple[bool, Fraction]] = {}
    for channel, keys in held.items():
        hours = [hour for _, _, hour in keys if hour < present - KEPT_HOURS]
        if not hours:
            continue
        oldest[channel] = min(hours)
        filled, share = sum(left[key] for key in keys), shares[channel]
        # Without a share everything is too much; then the larger one goes first.
        excess[channel] = (not share, Fraction(filled, share or 1))
    if not oldest:
        return None
    channel = max(sorted(oldest), key=lambda slug: excess[slug])
    hour = oldest[channel]
    renditions = [rendition for _, rendition, of in held[channel] if of == hour]
    return _removal(left, channel, hour, renditions, why)


def _removal(
    left: Mapping[HourAddress, int],
    channel: str,
    hour: int,
    renditions: Iterable[str],
    why: Literal["days", "space", "deposit"],
) -> Removal:
    names = tuple(sorted(renditions))
    size = sum(left[channel, name, hour] for name in names)
    return Removal(channel=channel, hour=hour, renditions=names, size_bytes=size, why=why)
