"""The configuration of a Prometheus that watches one installation.  Sans-I/O."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["SCRAPE_INTERVAL_S", "Target", "render_prometheus"]

SCRAPE_INTERVAL_S: Final = 5
"""The rules reckon with a sample every 5 s: a page comes within that of its deadline."""

_TIMEOUT_S: Final = 4


@dataclass(frozen=True, slots=True)
class Target:
    """One process whose metrics are read."""

    process: str
    """Its name: ``packager``, ``origin-0``, ``programme-hytv``; the label ``process``."""

    address: str
    """``host:port`` of its admin port."""


def render_prometheus(targets: Sequence[Target], *, alerts_address: str, rules_file: str) -> str:
    """Return ``prometheus.yml``.

    Args:
        targets: Every process of the installation.
        alerts_address: ``host:port`` of monitoring's pages, which take alerts below ``/alerts`` in
            the form of Alertmanager's API.
        rules_file: Path of the rules, from this file's folder.
    """
    lines = [
        "# Made by `make reference` or `lensong monitoring-files`; edit the settings instead.",
        "global:",
        f"  scrape_interval: {SCRAPE_INTERVAL_S}s",
        f"  scrape_timeout: {_TIMEOUT_S}s",
        f"  evaluation_interval: {SCRAPE_INTERVAL_S}s",
        "rule_files:",
        f"  - {_text(rules_file)}",
        "alerting:",
        "  alertmanagers:",
        "    - path_prefix: /alerts",
        "      static_configs:",
        f"        - targets: [{_text(alerts_address)}]",
        "scrape_configs:",
        "  - job_name: lensong",
        "    static_configs:",
    ]
    for target in targets:
        lines.append(f"      - targets: [{_text(target.address)}]")
        lines.append(f"        labels: {{process: {_text(target.process)}}}")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
