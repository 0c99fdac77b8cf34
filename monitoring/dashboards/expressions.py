"""Expressions that many panels are made of.  Sans-I/O."""

from __future__ import annotations

from monitoring.dashboards.specification import CHANNEL

__all__ = ["events", "quantile"]


def events(name: str, by: str, matcher: str = CHANNEL) -> str:
    """Return how much a counter grew in five minutes.

    Args:
        name: Of the family.
        by: Labels that are kept apart, with commas.
        matcher: Which series; empty for all.
    """
    return f"sum by ({by}) (increase({name}{_braces(matcher)}[5m]))"


def quantile(
    share: float, name: str, by: str, matcher: str = CHANNEL, *, window: str = "5m"
) -> str:
    """Return the value that this share of a histogram's observations stays below.

    Args:
        share: 0.99.
        name: Of the family, without ``_bucket``.
        by: Labels that are kept apart, with commas; with nothing, all are one.
        matcher: Which series; empty for all.
        window: How far back.
    """
    labels = f"{by}, le" if by else "le"
    buckets = f"{name}_bucket{_braces(matcher)}"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({buckets}[{window}])))"


def _braces(matcher: str) -> str:
    return f"{{{matcher}}}" if matcher else ""
