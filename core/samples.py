"""Read the samples of archived segments, one by one, and cut runs of them.  Sans-I/O.

Where :mod:`core.cmaf` reads what decides a fragment's place on the timeline, this module reads what
a file needs that is made of a fragment's samples: the size, the duration, the composition offset of
each, and whether it can be decoded by itself.  Their bytes are views, never copies.

**Source:** ISO/IEC 14496-12 (``tfhd``, ``trun``), 14496-3, 4.4.2.1 (``raw_data_block``).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Final

from core.boxes import child, iter_boxes
from core.cmaf import TrackHeader
from core.errors import FormatError
from core.timeline import AAC_FRAME_SAMPLES

__all__ = ["SampleRun", "read_runs", "silent_run"]

_NOT_SYNC: Final = 0x10000  # sample_is_non_sync_sample
_MAX_SAMPLES: Final = 10_000
_DURATION, _SIZE, _FLAGS, _OFFSET = 0x100, 0x200, 0x400, 0x800

# A raw_data_block whose channels have no scale factor band at all (max_sfb = 0), so that no
# spectrum follows: id_syn_ele and tag, then for each channel global_gain, ics_info and three
# absent tools, all zero; the element ID_END; ones and zeros are bits.
_SILENCE: Final = {
    1: int("000" + "0" * 26 + "111", 2).to_bytes(4, "big"),
    2: int("001" + "0" * 49 + "1110", 2).to_bytes(7, "big"),
}


@dataclass(frozen=True, slots=True)
class SampleRun:
    """Samples that follow each other without a pause, in the order of decoding."""

    decode_time: int
    """Ticks since the UNIX epoch at which the first is decoded."""

    durations: tuple[int, ...]
    """Ticks from each sample's decoding to the next one's."""

    sizes: tuple[int, ...]
    """Bytes of each sample."""

    offsets: tuple[int, ...]
    """Ticks from decoding to presentation; below zero where pictures are reordered."""

    syncs: tuple[bool, ...]
    """The sample can be decoded without those before it."""

    data: bytes | memoryview
    """The samples' bytes, one behind the other."""

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def end_time(self) -> int:
        """Ticks at which the sample after the last would be decoded."""
        return self.decode_time + sum(self.durations)

    def presentation_times(self) -> list[int]:
        """Return the tick at which each sample is shown."""
        times, at = [], self.decode_time
        for duration, offset in zip(self.durations, self.offsets, strict=True):
            times.append(at + offset)
            at += duration
        return times

    def cut(self, first: int, end: int) -> SampleRun:
        """Return the samples from index ``first`` up to, without, index ``end``."""
        begin_byte = sum(self.sizes[:first])
        end_byte = begin_byte + sum(self.sizes[first:end])
        return replace(
            self,
            decode_time=self.decode_time + sum(self.durations[:first]),
            durations=self.durations[first:end],
            sizes=self.sizes[first:end],
            offsets=self.offsets[first:end],
            syncs=self.syncs[first:end],
            data=memoryview(self.data)[begin_byte:end_byte],
        )


def read_runs(segment: bytes, header: TrackHeader) -> list[SampleRun]:
    """Return the samples of a segment, one run a fragment.

    Args:
        segment: ``styp`` or not, then pairs of ``moof`` and ``mdat``.
        header: Header of the track, for the defaults of its samples.

    Raises:
        FormatError: If it is not the media of that track.
    """
    runs = []
    moof: memoryview | None = None
    try:
        for box in iter_boxes(segment):
            if box.kind == b"moof":
                moof = box.raw
            elif box.kind == b"mdat":
                if moof is None:
                    raise FormatError("media without their moof")
                runs.append(_read_fragment(moof, box.raw, header))
                moof = None
    except (struct.error, IndexError) as error:
        raise FormatError("a box of the segment is too short") from error
    return runs


def _read_fragment(moof: memoryview, mdat: memoryview, header: TrackHeader) -> SampleRun:
    traf = child(moof, b"moof", b"traf")
    tfhd = child(traf, b"tfhd")
    word, track_id = struct.unpack_from(">II", tfhd)
    if track_id != header.track_id:
        raise FormatError(f"track {track_id}, the header's is {header.track_id}", code="track")
    defaults = _defaults(tfhd, word & 0xFFFFFF, header)
    tfdt = child(traf, b"tfdt")
    (decode_time,) = struct.unpack_from(">Q" if tfdt[0] else ">I", tfdt, 4)
    trun = child(traf, b"trun")
    rows, data_offset = _rows(trun, defaults)
    # CMAF: offsets count from the start of the moof (default-base-is-moof); its mdat follows.
    begin = data_offset - len(moof)
    size = sum(row[1] for row in rows)
    if begin < len(mdat) - len(child(mdat, b"mdat")) or begin + size > len(mdat):
        raise FormatError("samples outside of their mdat")
    return SampleRun(
        decode_time,
        tuple(row[0] for row in rows),
        tuple(row[1] for row in rows),
        tuple(row[3] for row in rows),
        tuple(not row[2] & _NOT_SYNC for row in rows),
        mdat[begin : begin + size],
    )


def _defaults(tfhd: memoryview, present: int, header: TrackHeader) -> tuple[int, int, int]:
    """Return (duration, size, flags) of a sample whose ``trun`` does not say."""
    values = [header.default_duration, 0, header.default_flags]
    at = 8 + (8 if present & 0x1 else 0) + (4 if present & 0x2 else 0)
    for index, bit in enumerate((0x8, 0x10, 0x20)):
        if present & bit:
            (values[index],) = struct.unpack_from(">I", tfhd, at)
            at += 4
    return values[0], values[1], values[2]


_Row = tuple[int, int, int, int]
"""Duration, size, flags, composition offset."""


def _rows(trun: memoryview, defaults: tuple[int, int, int]) -> tuple[list[_Row], int]:
    """Return the rows of a ``trun`` and its data offset."""
    word, count = struct.unpack_from(">II", trun)
    version, present = word >> 24, word & 0xFFFFFF
    if not 0 < count <= _MAX_SAMPLES or not present & 0x1:
        raise FormatError(f"a run of {count} samples, or one without a place")
    (data_offset,) = struct.unpack_from(">i", trun, 8)
    at = 12
    first_flags = None
    if present & 0x4:
        (first_flags,) = struct.unpack_from(">I", trun, at)
        at += 4
    fields = [bit for bit in (_DURATION, _SIZE, _FLAGS, _OFFSET) if present & bit]
    # "if version is 0, sample_composition_time_offset is unsigned": ours are small either way.
    form = struct.Struct(">" + "".join("i" if b == _OFFSET and version else "I" for b in fields))
    rows: list[_Row] = []
    for index in range(count):
        found = dict(zip(fields, form.unpack_from(trun, at + index * form.size), strict=True))
        flags = found.get(_FLAGS, defaults[2])
        if index == 0 and first_flags is not None:
            flags = first_flags
        duration, size = found.get(_DURATION, defaults[0]), found.get(_SIZE, defaults[1])
        rows.append((duration, size, flags, found.get(_OFFSET, 0)))
    return rows, data_offset


def silent_run(decode_time: int, frames: int, channels: int) -> SampleRun:
    """Return AAC frames of digital silence.

    Args:
        decode_time: Tick, of 48 000 a second, of the first.
        frames: How many.
        channels: 1 or 2.
    """
    frame = _SILENCE[channels]
    return SampleRun(
        decode_time,
        (AAC_FRAME_SAMPLES,) * frames,
        (len(frame),) * frames,
        (0,) * frames,
        (True,) * frames,
        frame * frames,
    )
