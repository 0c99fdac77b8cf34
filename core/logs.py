"""Logging: one JSON line an event on standard error, stamped in UTC."""

from __future__ import annotations

import logging
import sys

import structlog

__all__ = ["start_logging"]


def start_logging(service: str, *, channel: str | None = None, level: str = "info") -> None:
    """Configure structlog for this process; every line carries ``service``.

    Args:
        service: Name of the process: ``"ingest"``, ``"programme"``.
        channel: Slug of the channel, for the processes that serve only one.
        level: Lowest level that is written.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    bound = {"service": service} | ({} if channel is None else {"channel": channel})
    structlog.contextvars.bind_contextvars(**bound)
