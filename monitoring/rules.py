"""Prometheus' rules as values, and their file.  Sans-I/O.

A rule's expression is written once, in :mod:`monitoring.recordings`, :mod:`monitoring.pages` or
:mod:`monitoring.tickets`; ``deploy/prometheus/rules.yml`` is made from them, and so is the file of
an installation.  An alert says in two languages what happened, and leads to its runbook.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

__all__ = [
    "Alert",
    "Case",
    "Group",
    "Record",
    "Severity",
    "Stage",
    "Text",
    "render_rules",
]

Severity: TypeAlias = Literal["page", "ticket", "none"]
"""``page`` wakes somebody up, ``ticket`` waits for working hours."""

Stage: TypeAlias = Literal[
    "input", "switcher", "encoder", "packager", "archive", "origin", "player", "monitoring"
]
"""Where the fault is, along a frame's way."""

_MINUTE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Text:
    """What an alert says in one language; Prometheus fills in ``{{ $labels.channel }}``."""

    summary: str
    """One line: what happened, and where."""

    description: str
    """What it means for viewers, and what to look at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An expression that is evaluated once and used by several rules and panels."""

    name: str
    """``level:metric:operation``."""

    expr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way in which an alert's fault shows, with the stage that it accuses."""

    stage: Stage
    expr: str
    for_s: int = 0
    """How long the expression must hold, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert; several cases raise it by the same name, each with its own stage."""

    name: str
    severity: Severity
    cases: tuple[Case, ...]
    vi: Text
    en: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rules that are evaluated one after the other: a rule sees what those before it found."""

    name: str
    interval_s: int
    rules: tuple[Record | Alert, ...]


def render_rules(groups: Iterable[Group], *, runbooks_url: str) -> str:
    """Return the rules' file, in YAML.

    Args:
        groups: The rules, in order.
        runbooks_url: What the address of a runbook begins with; its alert's name follows a slash.
    """
    lines = ["# Made by `make reference` or `lensong monitoring-files`; edit monitoring/ instead."]
    lines.append("groups:")
    for group in groups:
        lines.append(f"  - name: {group.name}")
        lines.append(f"    interval: {group.interval_s}s")
        lines.append("    rules:")
        for rule in group.rules:
            lines += _record(rule) if isinstance(rule, Record) else _alert(rule, runbooks_url)
    return "\n".join(lines) + "\n"


def _record(rule: Record) -> Iterator[str]:
    yield f"      - record: {rule.name}"
    yield from _expression(rule.expr)


def _alert(rule: Alert, runbooks_url: str) -> Iterator[str]:
    for case in rule.cases:
        yield f"      - alert: {rule.name}"
        yield from _expression(case.expr)
        if case.for_s:
            yield f"        for: {_duration(case.for_s)}"
        yield "        labels:"
        yield f"          severity: {rule.severity}"
        yield f"          stage: {case.stage}"
        yield "        annotations:"
        vi, en = rule.vi, rule.en
        yield f"          summary: {_text(f'{vi.summary} / {en.summary}')}"
        yield f"          description: {_text(f'{vi.description} / {en.description}')}"
        yield f"          runbook_url: {_text(f'{runbooks_url}/{rule.name}')}"


def _expression(expr: str) -> Iterator[str]:
    yield "        expr: |-"
    for line in expr.strip().splitlines():
        yield f"          {line}"


def _duration(seconds: int) -> str:
    if seconds % _MINUTE_S == 0:
        return f"{seconds // _MINUTE_S}m"
    return f"{seconds}s"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is one of YAML's
