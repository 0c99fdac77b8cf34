"""The demo's settings are good settings, wherever its ports are moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import parse_settings
from core.errors import ConfigError
from lensong.demo.installation import STUDIOS, DemoOptions, demo_port, render_settings

DATA, RUN = Path("/data/thử nghiệm"), Path("/run/demo")


def test_the_settings_are_accepted_and_name_every_studios_variable() -> None:
    text = render_settings(DemoOptions(), data_dir=DATA, run_dir=RUN)
    settings = parse_settings(text, name="demo.toml")
    assert settings.paths.data_dir == DATA
    found = {
        (channel.slug, item.name, item.key_sha256_env)
        for channel in settings.channels
        for item in channel.inputs
    }
    assert found == {(plan.channel, plan.input, plan.variable) for plan in STUDIOS}


def test_an_offset_moves_every_port_but_the_public_one() -> None:
    options = DemoOptions(http_port=8888, port_offset=1000)
    network = parse_settings(
        render_settings(options, data_dir=DATA, run_dir=RUN), name="demo.toml"
    ).network
    assert (network.http_port, network.rtmp_port, network.icecast_port) == (8888, 2935, 9081)
    assert (network.feeds_port, network.programme_admin_port) == (9091, 10140)
    assert demo_port(options) == 9090


def test_an_offset_out_of_the_range_of_ports_is_refused() -> None:
    with pytest.raises(ConfigError, match="--port-offset 60000: there is no port"):
        render_settings(DemoOptions(port_offset=60_000), data_dir=DATA, run_dir=RUN)
