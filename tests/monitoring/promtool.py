"""Prometheus' own tool, asked to judge files and to run scenarios."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.monitoring.rule_scenarios import HEALTHY, Scenario

__all__ = ["promtool", "render_tests"]


def promtool(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``promtool``; its words are in ``stdout`` and ``stderr``."""
    return subprocess.run(
        ["promtool", *arguments],
        capture_output=True,
        text=True,
        check=False,
        input=stdin,
        timeout=120,
    )


def render_tests(rules: Path, scenarios: Iterable[Scenario]) -> str:
    """Return the file for ``promtool test rules``; JSON is YAML."""
    groups = [_group(scenario) for scenario in scenarios]
    return json.dumps({"rule_files": [str(rules)], "evaluation_interval": "5s", "tests": groups})


def _group(scenario: Scenario) -> dict[str, Any]:
    series = {key: text for key, text in (HEALTHY | scenario.changes).items() if text}
    return {
        "interval": "5s",
        "name": scenario.name,
        "input_series": [{"series": key, "values": text} for key, text in series.items()],
        "promql_expr_test": [
            *(_expected("page", at, alerts) for at, alerts in scenario.pages.items()),
            *(_expected("ticket", at, alerts) for at, alerts in scenario.tickets.items()),
        ],
    }


def _expected(severity: str, at: str, alerts: list[str]) -> dict[str, Any]:
    return {
        "expr": f'ALERTS{{alertstate="firing",severity="{severity}"}}',
        "eval_time": at,
        "exp_samples": [{"labels": _labels(alert, severity), "value": 1} for alert in alerts],
    }


def _labels(alert: str, severity: str) -> str:
    """Turn ``Name{labels}`` into the series that Prometheus writes of a firing alert."""
    found = re.fullmatch(r"(\w+)\{(.*)\}", alert)
    assert found is not None, alert
    name, labels = found.groups()
    return f'ALERTS{{alertname="{name}",alertstate="firing",severity="{severity}",{labels}}}'
