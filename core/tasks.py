"""Task ownership: every task belongs to a group, and only groups make tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

from core.errors import LensongError

__all__ = ["first_error", "leaf_errors", "supervise"]

log = structlog.get_logger()


async def supervise(
    name: str,
    run: Callable[[], Awaitable[None]],
    *,
    min_pause_s: float = 1.0,
    max_pause_s: float = 30.0,
) -> NoReturn:
    """Run ``run()`` for ever: start it again each time it returns or fails.

    A :class:`asyncio.TaskGroup` cancels all its tasks when one fails.  That is
    right for parts that are useless alone and wrong for the studio feeds of a
    channel, which fail one at a time.  Wrap each of those in this.

    Only :exc:`~core.errors.LensongError` and :exc:`OSError` are survivable; any
    other exception is a bug and takes the process down.

    Cancelling is safe: it cancels ``run()`` and starts nothing again.

    Args:
        name: What is supervised, for logs: ``"decoder.hytv.studio"``.
        run: Makes a fresh coroutine for each attempt.
        min_pause_s: Seconds before the first restart; the pause doubles with each
            failure and starts over after a run that was longer than ``max_pause_s``.
        max_pause_s: Longest pause, in seconds.
    """
    loop = asyncio.get_running_loop()
    pause_s = min_pause_s
    while True:
        started = loop.time()
        try:
            await run()
        except (LensongError, OSError) as exc:
            code = getattr(exc, "code", "os_error")
            log.warning("restarting", task=name, error=code, detail=str(exc), pause_s=pause_s)
        else:
            log.info("restarting", task=name, error=None, pause_s=pause_s)
        if loop.time() - started > max_pause_s:  # it ran well for a while: forgive
            pause_s = min_pause_s
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, max_pause_s)


def leaf_errors(error: BaseException) -> list[BaseException]:
    """Return the errors that a group holds, however deep; an error that is no group, alone."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    return [leaf for part in error.exceptions for leaf in leaf_errors(part)]


def first_error(error: BaseException) -> BaseException:
    """Return the first error that a group holds.

    Raise it behind the ``try`` statement, never inside ``except*``: Python 3.11.2, which is
    Debian 12's, wraps what is raised there into a group again.
    """
    return leaf_errors(error)[0]
