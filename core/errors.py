"""The errors of the platform, in one tree, by whose fault it is.

* :exc:`LensongError`
    * :exc:`ConfigError` -- do not start
    * :exc:`InputError` -- the fault is the sender's; drop it, count it, go on
        * :exc:`FormatError` -- the bytes break a rule of their format
        * :exc:`RefusedError` -- the sender may not do this
        * :exc:`HeaderNeededError` -- a CMAF track needs its header (again)
    * :exc:`TimelineError` -- the request is for a moment we cannot serve
        * :exc:`NotYetAvailableError`
        * :exc:`NoLongerAvailableError`

Anything else that is raised is a bug and is not swallowed.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ConfigError",
    "FormatError",
    "HeaderNeededError",
    "InputError",
    "LensongError",
    "NoLongerAvailableError",
    "NotYetAvailableError",
    "RefusedError",
    "TimelineError",
    "http_status",
]


class LensongError(Exception):
    """Base class of every error that this platform raises on purpose.

    Attributes:
        code: Stable name of the error.  It is the ``error`` field in logs and
            the ``reason`` label in metrics, so it never holds a value.
    """

    code: str = "lensong_error"

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class ConfigError(LensongError):
    """The settings contradict themselves or the machine; the process must not start."""

    code = "config_error"


class InputError(LensongError):
    """What arrived from outside breaks a rule."""

    code = "input_error"


class FormatError(InputError):
    """Bytes that break a rule of their format; ``code`` names the rule."""

    code = "parse"


class RefusedError(InputError):
    """A sender that is not admitted: wrong key, unknown channel, input already live."""

    code = "refused"


class HeaderNeededError(InputError):
    """Media came before its CMAF header, or after a header it does not fit."""

    code = "header_needed"


class TimelineError(LensongError):
    """The moment asked for lies outside what we hold."""

    code = "timeline_error"


class NotYetAvailableError(TimelineError):
    """The segment or part lies ahead of the live edge."""

    code = "not_yet_available"


class NoLongerAvailableError(TimelineError):
    """The segment or part has left the window."""

    code = "no_longer_available"


# The most particular class first: the first that matches gives the status.
_HTTP_STATUS: Final[tuple[tuple[type[LensongError], int], ...]] = (
    (HeaderNeededError, 412),  # DASH-IF ingest: "412 when the init is missing" (STANDARDS 139)
    (RefusedError, 403),
    (InputError, 400),
    (NoLongerAvailableError, 410),
    (NotYetAvailableError, 404),
    (TimelineError, 404),
)


def http_status(error: LensongError) -> int:
    """Return the HTTP status that answers ``error``; 500 where it is not the asker's fault."""
    return next((status for kind, status in _HTTP_STATUS if isinstance(error, kind)), 500)
