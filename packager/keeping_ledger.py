"""What is known of each stored hour: how large it is, and when it was verified.

``{data_dir}/keeping/{channel}`` holds it as JSON, written beside its place and renamed.  It is a
memory, not a truth: what is lost of it costs reading an index, or verifying an hour, once more.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from core.retention import HourAddress

__all__ = ["HourNote", "KeepingLedger"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class HourNote:
    """What is known of one hour of one rendition."""

    size_bytes: int | None = None
    """Of all its segments; None while nobody looked."""

    holes: int = 0
    """Numbers that its index says were lost on their way."""

    lost: int = 0
    """Segments that the last verification did not find as they were stored."""

    verified_s: int = 0
    """When it was verified, in seconds since the epoch; 0 for never."""


class KeepingLedger:
    """Notes of all hours; :meth:`load` and :meth:`save` block, and may run beside the rest."""

    def __init__(self, folder: Path) -> None:
        """Prepare; nothing is touched before :meth:`load`.

        Args:
            folder: ``{data_dir}/keeping``.
        """
        self._folder = folder
        self._changed: set[str] = set()
        self.notes: dict[HourAddress, HourNote] = {}

    def load(self, channels: Iterable[str]) -> None:
        """Read what an earlier process knew of these channels."""
        for channel in channels:
            path = self._folder / channel
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                notes = {
                    (channel, str(rendition), int(hour)): _note(fields)
                    for rendition, hours in found.items()
                    for hour, fields in hours.items()
                }
            except FileNotFoundError:
                continue
            except (OSError, ValueError, TypeError, AttributeError) as error:
                log.warning("keeping_unreadable", channel=channel, detail=str(error))
                continue
            self.notes.update(notes)

    def take_changes(self) -> dict[str, list[tuple[HourAddress, HourNote]]]:
        """Return the notes of the channels in which something changed, for :meth:`save`."""
        found: dict[str, list[tuple[HourAddress, HourNote]]] = {slug: [] for slug in self._changed}
        for key, note in self.notes.items():
            if key[0] in found:
                found[key[0]].append((key, note))
        self._changed.clear()
        return found

    def save(self, changes: Mapping[str, Iterable[tuple[HourAddress, HourNote]]]) -> None:
        """Write down what changed; a disk that does not take it costs a memory."""
        for channel, notes in changes.items():
            found: dict[str, dict[str, list[int | None]]] = {}
            for (_, rendition, hour), note in sorted(notes, key=lambda item: item[0]):
                fields = [note.size_bytes, note.holes, note.lost, note.verified_s]
                found.setdefault(rendition, {})[str(hour)] = fields
            self._write(channel, json.dumps(found))

    def _write(self, channel: str, text: str) -> None:
        beside = self._folder / f"{channel}.tmp"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            beside.write_text(text, encoding="utf-8")
            beside.replace(self._folder / channel)
        except OSError as error:
            log.warning("keeping_not_saved", channel=channel, detail=str(error))
            with suppress(OSError):
                beside.unlink()

    def listed(self, channel: str, hours: Mapping[str, Collection[int]]) -> None:
        """Take what a listing of the archive shows of a channel, and forget what it does not."""
        there = {(channel, name, hour) for name, found in hours.items() for hour in found}
        known = {key for key in self.notes if key[0] == channel}
        for key in known - there:
            del self.notes[key]
        for key in there - known:
            self.notes[key] = HourNote()
        if known != there:
            self._changed.add(channel)

    def change(self, key: HourAddress, note: HourNote) -> None:
        """Replace what is known of an hour; nothing happens if it is gone."""
        if key in self.notes:
            self.notes[key] = note
            self._changed.add(key[0])

    def forget(self, key: HourAddress) -> None:
        """Forget an hour that is gone."""
        if self.notes.pop(key, None) is not None:
            self._changed.add(key[0])

    def forget_channel(self, channel: str) -> None:
        """Forget a channel that is not configured any more; its file is left."""
        for key in [key for key in self.notes if key[0] == channel]:
            del self.notes[key]
        self._changed.discard(channel)


def _note(fields: Sequence[object]) -> HourNote:
    size, *others = fields
    numbers = [item for item in others if isinstance(item, int) and item >= 0]
    if len(numbers) != len(fields) - 1 or not (size is None or isinstance(size, int)):
        raise ValueError("not the notes of an hour")
    holes, lost, verified_s = numbers
    return HourNote(size, holes, lost, verified_s)
