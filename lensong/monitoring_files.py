"""``lensong monitoring-files``: what Prometheus and Grafana need to watch an installation."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from core.config import Settings, load_settings
from core.errors import ConfigError
from lensong.plan import plan_processes
from monitoring.alerting import rule_groups
from monitoring.prometheus_files import Target, render_prometheus
from monitoring.rules import render_rules

__all__ = ["add_monitoring_files", "render_monitoring_files"]

_GRAFANA: Final = Path(__file__).parent.parent / "deploy" / "grafana"
"""Dashboards and provisioning, which are the same for every installation."""

_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - who listens there


def add_monitoring_files(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "monitoring-files",
        help="write the files that Prometheus and Grafana need to watch the installation",
        description="Write prometheus.yml with every admin port of the installation, rules.yml "
        "with links to its own runbooks, and Grafana's dashboards. Write them again after a "
        "change of channels or ports.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="settings (TOML)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.set_defaults(run=_write)


def render_monitoring_files(settings: Settings) -> Mapping[str, str]:
    """Return Prometheus' files by name."""
    network = settings.network
    host = _host(network.internal_host)
    targets = [
        Target(process.name, f"{host}:{process.admin_port}") for process in plan_processes(settings)
    ]
    return {
        "prometheus.yml": render_prometheus(
            targets,
            alerts_address=f"{_host(network.monitoring_host)}:{network.monitoring_port}",
            rules_file="rules.yml",
        ),
        "rules.yml": render_rules(
            rule_groups(held_limit=settings.origin.max_held_requests),
            runbooks_url=f"{settings.pages_url}/runbooks",
        ),
    }


def _host(host: str) -> str:
    return _EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)


def _write(arguments: argparse.Namespace) -> int:
    settings = load_settings(arguments.file)
    out: Path = arguments.out
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in render_monitoring_files(settings).items():
            (out / name).write_text(text, encoding="utf-8")
        shutil.copytree(_GRAFANA, out / "grafana", dirs_exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {out}: {error.strerror}") from error
    print(f"{out}: prometheus.yml, rules.yml, grafana/")
    return 0
