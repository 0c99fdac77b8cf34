"""The programme guide as the data plane knows it, and its form in a file.  Sans-I/O.

The control room owns the guide and keeps it in its database.  What of it the other services
need, it writes as one *snapshot* a channel, ``{data_dir}/guide/{channel}.json``; they read
that and nothing else, so they go on with the last one while the control room is down.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from core.errors import FormatError

__all__ = [
    "GuideSnapshot",
    "Programme",
    "Takedown",
    "parse_snapshot",
    "render_snapshot",
    "xmltv_id",
]

_FORM: Final = 1
"""Version of the file's form; a reader refuses others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """One item of a channel's schedule.  All text is NFC and one line, but ``description``."""

    id: str
    """Stable over re-imports: ``[a-z0-9-]{1,64}``, unique in the installation."""

    channel: str
    start_s: int
    """Planned start, UNIX seconds."""

    end_s: int
    """Planned end, UNIX seconds; after ``start_s``."""

    title: str
    subtitle: str = ""
    description: str = ""
    categories: tuple[str, ...] = ()
    episode: str = ""
    """As people read it: ``Tập 12``."""

    series: str = ""
    """Slug that the episodes of a series share; empty for a single programme."""

    image: str = ""
    """Absolute URL of a picture, http or https; empty for none."""

    as_run_start_s: int | None = None
    """When it really began, UNIX seconds; None until somebody or something tells."""

    as_run_end_s: int | None = None
    """When it really ended, UNIX seconds."""

    catch_up_days: int | None = None
    """Days for which it may be watched after its end; 0: live only; None: as archived."""

    blackout: bool = False
    """It may not be shown at all: slate while it is on air, refused afterwards."""

    @property
    def began_s(self) -> int:
        """Where its media begin: as run if that is known, else as planned."""
        return self.start_s if self.as_run_start_s is None else self.as_run_start_s

    @property
    def ended_s(self) -> int:
        """Where its media end: as run if that is known, else as planned."""
        end_s = self.end_s if self.as_run_end_s is None else self.as_run_end_s
        return max(end_s, self.began_s + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """A span that may not be served any more, whatever the guide says of it."""

    start_s: int
    """UNIX seconds."""

    end_s: int
    """UNIX seconds; after ``start_s``."""

    reason: str = ""
    """For operators; viewers are never told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideSnapshot:
    """What the data plane knows of one channel's guide."""

    channel: str
    programmes: tuple[Programme, ...] = ()
    """By start."""

    takedowns: tuple[Takedown, ...] = ()

    def programme_at(self, moment_s: int) -> Programme | None:
        """Return the programme that is on at ``moment_s``, the latest begun if two are."""
        found = None
        for item in self.programmes:
            if item.began_s <= moment_s < item.ended_s:
                found = item
        return found


def xmltv_id(slug: str) -> str:
    """Return the id by which TV apps find a channel's guide, the same for ever.

    XMLTV asks for a dotted name.
    """
    return f"{slug}.lensong"


def render_snapshot(snapshot: GuideSnapshot) -> bytes:
    """Return the bytes of the file."""
    return json.dumps({"form": _FORM, **asdict(snapshot)}, ensure_ascii=False).encode()


def parse_snapshot(data: bytes) -> GuideSnapshot:
    """Read a file back.

    Raises:
        FormatError: If it is not the form of :func:`render_snapshot`.
    """
    try:
        values: dict[str, Any] = json.loads(data)
        if values["form"] != _FORM:
            raise FormatError(f"a guide snapshot of form {values['form']}, {_FORM} is known")
        return GuideSnapshot(
            channel=values["channel"],
            programmes=tuple(_programme(item) for item in values["programmes"]),
            takedowns=tuple(Takedown(**item) for item in values["takedowns"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError("not a guide snapshot") from error


def _programme(item: dict[str, Any]) -> Programme:
    known = {field.name for field in fields(Programme)}
    values = {name: value for name, value in item.items() if name in known}
    return Programme(**{**values, "categories": tuple(item["categories"])})
