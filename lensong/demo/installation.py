"""The demo's settings: two channels, three studios, every port movable.  Sans-I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import ConfigError

__all__ = [
    "DEMO_PORT",
    "STUDIOS",
    "DemoOptions",
    "StudioPlan",
    "demo_port",
    "guide_dir",
    "render_settings",
]

DEMO_PORT: Final = 8090
_MAX_PORT: Final = 65_535
_PORTS: Final = {
    "rtmp_port": 1935,
    "icecast_port": 8081,
    "feeds_port": 8091,
    "cmaf_port": 8092,
    "api_port": 8082,
    "monitoring_port": 8084,
    "ingest_admin_port": 9101,
    "packager_admin_port": 9102,
    "control_admin_port": 9104,
    "monitoring_admin_port": 9105,
    "origin_admin_port": 9120,
    "programme_admin_port": 9140,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What was asked for on the command line."""

    tv: Path | None = None
    """A video file instead of the test picture."""

    radio: Path | None = None
    """A sound file instead of the music."""

    data: Path | None = None
    """Where files live; a folder that is removed at the end when None."""

    http_host: str = "127.0.0.1"
    http_port: int = 8080
    port_offset: int = 0
    """How far every other port is moved."""

    seconds: float | None = None
    """How long to run; for ever when None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioPlan:
    """One studio of the demo."""

    kind: str
    """``tv`` or ``radio``."""

    channel: str
    input: str
    title: str
    """Name of the channel in the picture."""

    mark: str
    """Which studio this is, in the picture."""

    variable: str
    """Environment variable with the hash of its key."""

    @property
    def name(self) -> str:
        """Name for people and addresses: ``hytv-studio``."""
        return f"{self.channel}-{self.input}"


_TV, _RADIO = "Truyền hình Hưng Yên", "Phát thanh Hưng Yên"

STUDIOS: Final = (
    StudioPlan(
        kind="tv",
        channel="hytv",
        input="studio",
        title=_TV,
        mark="STUDIO",
        variable="HYTV_STUDIO_KEY_SHA256",
    ),
    StudioPlan(
        kind="tv",
        channel="hytv",
        input="backup",
        title=_TV,
        mark="DỰ PHÒNG",
        variable="HYTV_BACKUP_KEY_SHA256",
    ),
    StudioPlan(
        kind="radio",
        channel="hyfm",
        input="studio",
        title=_RADIO,
        mark="STUDIO",
        variable="HYFM_STUDIO_KEY_SHA256",
    ),
)


def demo_port(options: DemoOptions) -> int:
    """Return the port of the demo's own page."""
    return DEMO_PORT + options.port_offset


def guide_dir(data_dir: Path) -> Path:
    """Return the folder whose guides are imported."""
    return data_dir / "guide-in"


def render_settings(options: DemoOptions, *, data_dir: Path, run_dir: Path) -> str:
    """Write the settings file of the demo.

    Raises:
        ConfigError: If the ports leave the range that there is.
    """
    ports = {name: port + options.port_offset for name, port in _PORTS.items()}
    for port in (*ports.values(), demo_port(options)):
        if not 0 < port <= _MAX_PORT:
            raise ConfigError(f"--port-offset {options.port_offset}: there is no port {port}")
    lines = "\n".join(f"{name} = {port}" for name, port in ports.items())
    return f"""\
# Made by `lensong demo`.  Edit a channel, then: lensong reload THIS-FILE
[station]
name = "Báo và Phát thanh, Truyền hình Hưng Yên"

[paths]
data_dir = {_text(data_dir)}
run_dir = {_text(run_dir)}

[network]
http_host = {_text(options.http_host)}
http_port = {options.http_port}
publish_host = "127.0.0.1"
{lines}

[guide]
watch_dir = {_text(guide_dir(data_dir))}

[[channels]]
slug = "hytv"
name = "{_TV}"
kind = "tv"
ladder = "360p"
[[channels.inputs]]
name = "studio"
protocol = "rtmp"
key_sha256_env = "HYTV_STUDIO_KEY_SHA256"
[[channels.inputs]]
name = "backup"
protocol = "rtmp"
key_sha256_env = "HYTV_BACKUP_KEY_SHA256"

[[channels]]
slug = "hyfm"
name = "{_RADIO}"
kind = "radio"
[[channels.inputs]]
name = "studio"
protocol = "icecast"
key_sha256_env = "HYFM_STUDIO_KEY_SHA256"
"""


def _text(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)  # a TOML basic string is a JSON string
