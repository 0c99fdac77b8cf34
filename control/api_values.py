"""What the operators' API says and hears, as JSON values.  Sans-I/O."""

from __future__ import annotations

from dataclasses import asdict
from datetime import tzinfo
from typing import Any

from control.journal import AuditEntry
from control.moments import local_text
from control.store import Listed, ListedTakedown
from core.errors import FormatError

__all__ = ["audit_values", "listed_values", "takedown_values", "text_of"]


def listed_values(listed: Listed, zone: tzinfo) -> dict[str, Any]:
    """Return a programme with its rights; times in UNIX seconds and as people read them."""
    item = listed.programme
    return asdict(item) | {
        "start": local_text(item.start_s, zone, "%Y-%m-%dT%H:%M:%S%z"),
        "end": local_text(item.end_s, zone, "%Y-%m-%dT%H:%M:%S%z"),
        "rights": listed.rights or listed.series_rights or "open",
        "rights_from": "programme" if listed.rights else "series" if listed.series_rights else None,
    }


def takedown_values(item: ListedTakedown, zone: tzinfo) -> dict[str, Any]:
    """Return a takedown."""
    return {
        "id": item.id,
        "channel": item.channel,
        "start_s": item.span.start_s,
        "end_s": item.span.end_s,
        "start": local_text(item.span.start_s, zone, "%Y-%m-%dT%H:%M:%S%z"),
        "end": local_text(item.span.end_s, zone, "%Y-%m-%dT%H:%M:%S%z"),
        "reason": item.span.reason,
        "created_s": item.created_s,
    }


def audit_values(entry: AuditEntry) -> dict[str, Any]:
    """Return a line of the audit."""
    return asdict(entry)


def text_of(body: Any, name: str, *, optional: bool = False) -> str | None:
    """Return a text of a request's JSON object.

    Raises:
        FormatError: If it is missing, or no text, or too long to be meant.
    """
    value = body.get(name) if isinstance(body, dict) else None
    if value is None and optional:
        return None
    if not isinstance(value, str) or len(value) > 1_000:  # noqa: PLR2004
        raise FormatError(f'thiếu "{name}" / "{name}" is missing or no text', code="bad_request")
    return value
