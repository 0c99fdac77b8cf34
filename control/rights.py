"""Rights as operators name them.  Sans-I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.errors import RefusedError

__all__ = ["DEFAULT", "Rights", "parse_rights"]

_CATCH_UP: Final = re.compile(r"catch-up[ :]+([0-9]{1,5})")
_MAX_DAYS: Final = 3_650
_HELP: Final = "live-only, catch-up N, blackout, open, default"


@dataclass(frozen=True, slots=True)
class Rights:
    """What may be done with a programme; as :class:`core.guide.Programme` says it."""

    name: str
    """As it is stored: ``live-only``, ``catch-up 7``, ``blackout``, ``open``."""

    catch_up_days: int | None
    blackout: bool


DEFAULT: Final = "default"
"""No decision: the series' rule holds, or else ``open``."""


def parse_rights(text: str) -> Rights | None:
    """Read what an operator wrote; None for :data:`DEFAULT`.

    Raises:
        RefusedError: If it means nothing.
    """
    words = " ".join(text.strip().lower().split())
    days = _CATCH_UP.fullmatch(words)
    if days is not None and 0 < int(days[1]) <= _MAX_DAYS:
        return Rights(f"catch-up {int(days[1])}", int(days[1]), blackout=False)
    match words:
        case "live-only" | "catch-up 0":
            return Rights("live-only", 0, blackout=False)
        case "blackout":
            return Rights("blackout", None, blackout=True)
        case "open":
            return Rights("open", None, blackout=False)
        case "default":
            return None
        case _:
            raise RefusedError(
                f"không có bản quyền {text[:40]!r} / there are no such rights;"
                f" chọn / choose: {_HELP}",
                code="unknown_rights",
            )
