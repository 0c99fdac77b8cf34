"""The processes of an installation, and what an edited file does to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import Settings, parse_settings
from core.errors import ConfigError
from lensong.plan import Apply, Refuse, control_name, decide_reload, plan_processes


def settings(*slugs: str, extra: str = "", kind: str = "tv", head: str = "") -> Settings:
    channels = "".join(
        f'[[channels]]\nslug = "{slug}"\nname = "{slug}"\nkind = "{kind}"\n' for slug in slugs
    )
    return parse_settings(
        f'[station]\nname = "Đài"\n{head}\n{channels}{extra}', name="station.toml"
    )


def test_every_channel_has_a_programme_and_services_start_before_their_callers() -> None:
    processes = plan_processes(settings("hytv", "hyfm", head="[origin]\ncount = 2"))
    assert [(item.name, item.admin_port) for item in processes] == [
        ("ingest", 9101),
        ("packager", 9102),
        ("origin-0", 9120),
        ("origin-1", 9121),
        ("programme-hytv", 9140),
        ("programme-hyfm", 9141),
        ("control", 9104),
        ("monitoring", 9105),
    ]
    assert processes[3].arguments == ("--index", "1")
    assert processes[4].module == "transcoder"
    assert processes[5].arguments == ("--channel", "hyfm")


def test_the_unit_of_a_programme_has_the_same_environment() -> None:
    (programme,) = plan_processes(settings("hytv"), ["programme:hytv"])
    unit = Path("deploy/systemd/lensong-programme@.service").read_text(encoding="utf-8")
    lines = [line.removeprefix("Environment=") for line in unit.splitlines()]
    assert programme.environment
    assert {f"{name}={value}" for name, value in programme.environment.items()} <= set(lines)


def test_only_picks_services_and_single_programmes() -> None:
    plan = plan_processes(settings("hytv", "hyfm"), ["origin", "programme:hyfm"])
    assert [item.name for item in plan] == ["origin-0", "programme-hyfm"]


def test_only_refuses_a_name_that_means_nothing() -> None:
    with pytest.raises(ConfigError, match="no service orgin; there are: control, ingest"):
        plan_processes(settings("hytv"), ["orgin"])


@pytest.mark.parametrize(
    ("only", "name"),
    [
        ((), "supervisor"),
        (("origin",), "supervisor-origin"),
        (("programme:hytv", "ingest"), "supervisor-ingest+programme.hytv"),
    ],
)
def test_units_of_one_host_have_sockets_of_their_own(only: tuple[str, ...], name: str) -> None:
    assert control_name(only) == name


def test_an_equal_file_changes_nothing() -> None:
    decision = decide_reload(settings("hytv"), settings("hytv"))
    assert decision == Apply()
    assert isinstance(decision, Apply)
    assert decision.nothing


def test_channels_are_added_at_the_end_removed_and_changed() -> None:
    old = settings("one", "two", "three")
    new = settings("one", "two", "four", extra="patience_ms = 800\n")
    assert decide_reload(old, new) == Apply(added=("four",), removed=("three",))
    changed = settings("one", "two", "three", extra="patience_ms = 800\n")
    assert decide_reload(old, changed) == Apply(changed=("three",))


def test_a_kept_channel_may_not_move_to_another_admin_port() -> None:
    decision = decide_reload(settings("one", "two"), settings("two"))
    assert isinstance(decision, Refuse)
    assert "append new channels at the end" in decision.reason


def test_ports_and_paths_need_a_restart() -> None:
    decision = decide_reload(settings("one"), settings("one", head="[network]\nrtmp_port = 1936"))
    assert decision == Refuse("a change of network.rtmp_port needs a restart of the platform")


def test_a_channel_cannot_change_its_kind() -> None:
    decision = decide_reload(settings("one"), settings("one", kind="radio"))
    assert isinstance(decision, Refuse)
