"""Every rule of the platform, in the order in which Prometheus evaluates them.  Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterator

from core.origin_settings import OriginSettings
from monitoring.pages import DELIVERY_PAGES, PAGES
from monitoring.recordings import CHANNEL_GROUP, SLO_GROUPS
from monitoring.rules import Alert, Group
from monitoring.tickets import WATCHDOG, tickets

__all__ = ["alerts_of", "rule_groups"]


def rule_groups(*, held_limit: int = OriginSettings().max_held_requests) -> tuple[Group, ...]:
    """Return the groups of rules.

    Args:
        held_limit: Requests that one origin may hold (``origin.max_held_requests``).
    """
    # Pages stand in one group with what they are made of: a rule sees what those before it found
    # in the same round, so that no page waits for another round to be held back.
    recorded, *slow = SLO_GROUPS
    return (
        Group(
            name="lensong-pages",
            interval_s=5,
            rules=(*CHANNEL_GROUP.rules, *PAGES, *recorded.rules, *DELIVERY_PAGES, WATCHDOG),
        ),
        *slow,
        Group(name="lensong-tickets", interval_s=5, rules=tickets(held_limit=held_limit)),
    )


def alerts_of(groups: tuple[Group, ...]) -> Iterator[Alert]:
    """Yield the alerts."""
    for group in groups:
        for rule in group.rules:
            if isinstance(rule, Alert):
                yield rule
