"""What is known of a clip, and its form in a file; who may have it.  Sans-I/O.

The control room makes clips and writes one record a clip, ``{data_dir}/clips/{id}.json``, beside
the media, ``{id}.mp4`` or ``{id}.m4a``.  An origin reads them and serves what is public.  A restart
of either loses nothing, and no database is asked.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final
from urllib.parse import quote

from core.errors import FormatError
from core.guide import GuideSnapshot
from core.rights import Access, Restrictions, restrictions_of
from core.timeline import UnixNs, msn_at

__all__ = [
    "DONE",
    "FAILED",
    "RUNNING",
    "WAITING",
    "ClipRecord",
    "access_to_record",
    "access_to_span",
    "disposition_of",
    "episode_id",
    "parse_record",
    "render_record",
]

_FORM: Final = 1

WAITING: Final = "waiting"
RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"

_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_STATES: Final = (WAITING, RUNNING, DONE, FAILED)
_NOT_IN_NAMES: Final = re.compile(r'[\x00-\x1f\x7f"\\/:*?<>|]+')
_LONGEST_NAME: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRecord:
    """One clip, wanted or made.  Text is NFC."""

    id: str
    """Its name in URLs: random for an operator's clip, so that nobody can guess it;
    ``programme-`` and the programme's id for an episode of a podcast."""

    channel: str
    kind: str
    """``tv`` or ``radio``."""

    start_ns: int
    """What was asked for, UNIX nanoseconds."""

    end_ns: int
    rendition: str
    """The video rendition; of radio the sound."""

    title: str
    description: str = ""
    public: bool = False
    """Anyone who knows its address may have it."""

    listed: bool = False
    """If it is public, the site's list of clips names it as well."""

    by: str
    """Who asked."""

    asked_s: int
    """When, UNIX seconds."""

    forced: str = ""
    """Why it was made although the rights forbid it; empty if they do not."""

    state: str = WAITING
    progress: float = 0.0
    """Share that is done, 0 to 1."""

    note: str = ""
    """What it waits for."""

    failure: str = ""
    """Why there is no file."""

    done_s: int | None = None
    """When it was made, UNIX seconds."""

    size_bytes: int = 0
    duration_s: float = 0.0
    holes: tuple[tuple[str, int, int, str], ...] = ()
    """(rendition, first number, last number, reason) of what the archive does not have."""

    series: str = ""
    """The podcast that it belongs to."""

    programme: str = ""
    """The programme that it is."""

    subtitle: str = ""
    image: str = ""
    """Absolute URL of its picture."""

    until_s: int | None = None
    """When the right to it ends, UNIX seconds; None for never."""

    @property
    def suffix(self) -> str:
        """Of the media's file: ``.mp4`` or ``.m4a``."""
        return ".mp4" if self.kind == "tv" else ".m4a"

    @property
    def content_type(self) -> str:
        """Of the media."""
        return "video/mp4" if self.kind == "tv" else "audio/mp4"

    @property
    def numbers(self) -> tuple[int, int]:
        """First and last segment of what it shows."""
        return msn_at(UnixNs(self.start_ns)), msn_at(UnixNs(max(self.start_ns, self.end_ns - 1)))

    def follow(self, **changes: Any) -> ClipRecord:
        """Return the record after something happened."""
        return replace(self, **changes)


def episode_id(programme: str) -> str:
    """Return the id of the clip that is a podcast's episode."""
    return f"programme-{programme}"


def render_record(record: ClipRecord) -> bytes:
    """Return the bytes of the file."""
    return json.dumps({"form": _FORM, **asdict(record)}, ensure_ascii=False).encode()


def parse_record(data: bytes) -> ClipRecord:
    """Read a file back.

    Raises:
        FormatError: If it is not the form of :func:`render_record`.
    """
    try:
        values: dict[str, Any] = json.loads(data)
        if values.pop("form") != _FORM:
            raise FormatError("a clip's record of another form")
        known = {field.name for field in fields(ClipRecord)}
        values = {name: value for name, value in values.items() if name in known}
        holes = tuple((str(a), int(b), int(c), str(d)) for a, b, c, d in values.pop("holes"))
        record = ClipRecord(**values, holes=holes)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError("not a clip's record") from error
    if not _ID.fullmatch(str(record.id)):
        raise FormatError("a clip's record with a wrong id")
    if record.state not in _STATES or record.kind not in {"tv", "radio"}:
        raise FormatError("a clip's record in a wrong state")
    return record


def access_to_span(
    snapshot: GuideSnapshot | None, start_ns: int, end_ns: int, *, now_s: int
) -> Access:
    """Return the strictest of what may be done with the segments of a span, now.

    Args:
        snapshot: The channel's guide; None if there is none, and so no restriction.
        start_ns: UNIX nanoseconds.
        end_ns: UNIX nanoseconds.
        now_s: UNIX seconds.
    """
    if snapshot is None:
        return Access.OPEN
    return _strictest(restrictions_of(snapshot, now_s=now_s), start_ns, end_ns)


def access_to_record(record: ClipRecord, snapshot: GuideSnapshot | None, *, now_s: int) -> Access:
    """Return what may be done with a finished clip, now.

    A takedown ends every clip that touches it.  A blackout does too, unless the clip was forced.
    The days of catch-up that a programme has end its episode, not what an editor cut out of it.
    """
    if record.until_s is not None and now_s >= record.until_s:
        return Access.TAKEN_DOWN
    if snapshot is None:
        return Access.OPEN
    if record.programme:
        own = tuple(item for item in snapshot.programmes if item.id == record.programme)
        blackouts = tuple(item for item in snapshot.programmes if item.blackout)
        asked = replace(snapshot, programmes=(*own, *blackouts))
    elif record.forced:
        asked = replace(snapshot, programmes=())
    else:
        asked = replace(
            snapshot, programmes=tuple(item for item in snapshot.programmes if item.blackout)
        )
    access = _strictest(restrictions_of(asked, now_s=now_s), record.start_ns, record.end_ns)
    # An episode whose rights are over is gone from its feed, and so is its file.
    return Access.TAKEN_DOWN if record.programme and access is not Access.OPEN else access


def _strictest(restrictions: Restrictions, start_ns: int, end_ns: int) -> Access:
    first, last = msn_at(UnixNs(start_ns)), msn_at(UnixNs(max(start_ns, end_ns - 1)))
    found = restrictions.within(first, last)
    return max((item.access for item in found), default=Access.OPEN)


def disposition_of(record: ClipRecord) -> str:
    """Return ``Content-Disposition`` with a name for every browser.

    RFC 6266: ``filename`` in ASCII for the old ones, ``filename*`` in UTF-8 for the others.
    """
    name = _NOT_IN_NAMES.sub(" ", unicodedata.normalize("NFC", record.title))
    name = " ".join(name.split()).strip(".")[:_LONGEST_NAME].strip() or record.channel
    plain = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    ascii_name = plain.encode("ascii", "ignore").decode().strip() or record.channel
    full = quote(f"{name}{record.suffix}", safe="")
    return f"attachment; filename=\"{ascii_name}{record.suffix}\"; filename*=UTF-8''{full}"
