"""Alerts as Prometheus sends them: the body of Alertmanager's API, version 2.  Sans-I/O.

``POST .../api/v2/alerts``: a list of objects with ``labels``, ``annotations``, ``startsAt`` and
``endsAt`` (RFC 3339).  Prometheus repeats what fires, each time with an ``endsAt`` a few minutes
ahead, and says for a quarter of an hour that something is over, with the moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from core.errors import FormatError
from core.text import clean_text
from monitoring.alert_book import Alert, Report, Severity

__all__ = ["parse_alerts"]

_WHO_LOOKED: Final = frozenset({"instance", "job", "prometheus", "prometheus_replica", "replica"})
"""Labels that do not tell one alert from another: two who look at the same thing are one alert."""

_TEXTS: Final = ("summary", "description", "action", "runbook_url")
_DEFAULT_HOLD_S: Final = 300.0
_MAX_ALERTS: Final = 1_000
_MAX_TEXT: Final = 2_000
_SEVERITIES: Final[Mapping[str, Severity]] = {"page": "page", "none": "none"}


def parse_alerts(body: Any, now_s: float) -> list[Report]:
    """Read the JSON values of a body.

    Raises:
        FormatError: If it does not have the form; the message says where.
    """
    if not isinstance(body, list):
        raise FormatError("the body must be a list of alerts")
    if len(body) > _MAX_ALERTS:
        raise FormatError(f"more than {_MAX_ALERTS} alerts", code="too_large")
    return [_report(item, number, now_s) for number, item in enumerate(body)]


def _report(item: Any, number: int, now_s: float) -> Report:
    if not isinstance(item, dict):
        raise FormatError(f"alert {number} is no object")
    labels = _texts(item.get("labels"), f"alert {number}: labels")
    name = labels.pop("alertname", "")
    if not name:
        raise FormatError(f"alert {number} has no label alertname")
    annotations = _texts(item.get("annotations") or {}, f"alert {number}: annotations")
    severity = _SEVERITIES.get(labels.pop("severity", ""), "ticket")
    stage = labels.pop("stage", "")
    kept = sorted((key, value) for key, value in labels.items() if key not in _WHO_LOOKED)
    return Report(
        alert=Alert(
            name=name,
            severity=severity,
            stage=stage,
            labels=tuple(kept),
            texts=tuple((key, annotations[key]) for key in _TEXTS if key in annotations),
        ),
        began_s=_moment(item.get("startsAt"), f"alert {number}: startsAt") or now_s,
        until_s=_moment(item.get("endsAt"), f"alert {number}: endsAt") or now_s + _DEFAULT_HOLD_S,
    )


def _texts(values: Any, where: str) -> dict[str, str]:
    if not isinstance(values, dict):
        raise FormatError(f"{where} must be an object")
    if not all(isinstance(value, str) for value in values.values()):
        raise FormatError(f"{where} must hold texts only")
    return {str(key): clean_text(value, _MAX_TEXT) for key, value in values.items()}


def _moment(text: Any, where: str) -> float | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{where} is no moment of RFC 3339") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # Go's zero moment means that none was given.
    return moment.timestamp() if moment.year > 1 else None
