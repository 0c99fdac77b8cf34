"""How much disk the archive of a station needs.  Sans-I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.config import ChannelSettings, Settings
from core.ladder import deposit_renditions, renditions_of

__all__ = ["ChannelNeed", "disk_needs", "render_needs"]

_SECONDS_A_DAY: Final = 86_400
_THUMBNAIL_BYTES: Final = 10_000
_THUMBNAILS_A_DAY: Final = 22_500
_OVERHEAD: Final = 1.03
"""Boxes of CMAF, indexes, and what a file system rounds up."""

_FULL_AT: Final = 0.9
_ROUND_FROM_GB: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelNeed:
    """What a channel's archive fills once it is full."""

    channel: str
    day_bytes: float
    """Of a day of catch-up, with all renditions."""

    archive_bytes: float
    """Of all its days of catch-up."""

    deposit_bytes: float
    """Of the legal deposit's days beyond these."""

    @property
    def total_bytes(self) -> float:
        """Both together."""
        return self.archive_bytes + self.deposit_bytes


def disk_needs(settings: Settings) -> list[ChannelNeed]:
    """Return what each channel needs.

    Raises:
        ConfigError: If a ``deposit_rendition`` names no rendition.
    """
    return [_need(channel) for channel in settings.channels]


def _need(channel: ChannelSettings) -> ChannelNeed:
    day = sum(_day_bytes(item.bitrate_bps) for item in renditions_of(channel))
    if channel.kind == "tv":
        day += _THUMBNAILS_A_DAY * _THUMBNAIL_BYTES
    # Within the days of catch-up the deposit's renditions lie there anyway.
    more_days = max(0, channel.deposit_days - channel.archive_days)
    deposit = sum(_day_bytes(item.bitrate_bps) for item in deposit_renditions(channel))
    return ChannelNeed(
        channel=channel.slug,
        day_bytes=day,
        archive_bytes=day * channel.archive_days,
        deposit_bytes=deposit * more_days,
    )


def _day_bytes(bitrate_bps: int) -> float:
    return bitrate_bps / 8 * _SECONDS_A_DAY * _OVERHEAD


def render_needs(
    settings: Settings, *, where: str, free_bytes: int | None, stored_bytes: int = 0
) -> list[str]:
    """Return what ``lensong check`` says of the archive's disk.

    Args:
        settings: Checked.
        where: The folder, or the bucket.
        free_bytes: Of the disk; None for a bucket, or where it is unknown.
        stored_bytes: What of the archive lies there already.
    """
    needs = disk_needs(settings)
    lines = [f"archive in {where}, once it is full:"]
    for need, channel in zip(needs, settings.channels, strict=True):
        deposit = ""
        if channel.deposit_days:
            names = "+".join(item.name for item in deposit_renditions(channel))
            deposit = f", legal deposit {channel.deposit_days} days ({names})"
            deposit += f" {_gb(need.deposit_bytes)} more"
        lines.append(
            f"  {need.channel}: {_gb(need.day_bytes)} a day;"
            f" catch-up {channel.archive_days} days {_gb(need.archive_bytes)}{deposit}"
        )
    wanted = sum(need.total_bytes for need in needs)
    keep_free = 0.0 if free_bytes is None else settings.archive.min_free_gb * 1e9
    lines.append(f"  together: {_gb(wanted)}")
    if free_bytes is None:
        return lines
    room = free_bytes + stored_bytes - keep_free
    lines.append(
        f"  disk: {_gb(free_bytes)} free beside {_gb(stored_bytes)} archived already,"
        f" {_gb(keep_free)} stay free"
    )
    if wanted > room:
        lines.append(
            f"  CẢNH BÁO / WARNING: đĩa thiếu {_gb(wanted - room)}: các giờ cũ sẽ bị xóa sớm hơn"
            f" / the disk is {_gb(wanted - room)} too small: old hours will go before their days"
            " are over; lower archive_days, or take a larger disk"
        )
    elif wanted > room * _FULL_AT:
        lines.append(
            "  chú ý / note: đĩa vừa đủ, ít dự phòng / the disk is just large enough, with little"
            " to spare"
        )
    return lines


def _gb(size_bytes: float) -> str:
    gigabytes = size_bytes / 1e9
    return f"{gigabytes:.1f} GB" if gigabytes < _ROUND_FROM_GB else f"{gigabytes:,.0f} GB"
