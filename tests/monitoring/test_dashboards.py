"""The dashboards: Grafana's own schema takes them, and what they show exists."""

from __future__ import annotations

import asyncio
import json
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitoring.alerting import rule_groups
from monitoring.dashboards.rendering import BOARDS, DATA_SOURCE_UID, render_dashboards
from monitoring.dashboards.specification import Board, Panel
from monitoring.rules import Record
from tests.monitoring.promql import catalogue, faults_of, known_families, names_in
from tests.monitoring.test_rules import EXPRESSIONS, RECORDED

SCHEMAS = Path(__file__).parent / "grafana_schema"
GRAFANA = Path(__file__).parent.parent.parent / "deploy" / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))

AWAITED: frozenset[str] = frozenset()
"""Families that panels show and that are not on main yet."""

NOT_MADE = frozenset(
    {
        "lensong_channel_override_active",
        "lensong_input_buffer_seconds",
        "lensong_input_packets_lost_total",
        "lensong_input_packets_retransmitted_total",
        "lensong_input_packets_total",
        "lensong_input_rtt_seconds",
        "lensong_input_ts_errors_total",
        "lensong_origin_auth_failures_total",
        "lensong_packager_encoder_on_air",
        "lensong_redis_up",
    }
)
"""Families of the catalogue whose capability the platform does not have: SRT and RTP, MPEG-TS, an
override, a redundant encoder, tokens, Redis."""


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def part(name: str, definition: str) -> dict[str, Any]:
    """Return the schema of one definition of a file."""
    return schema(name) | {"$ref": f"#/definitions/{definition}"}


def panels() -> Iterator[tuple[Board, Panel]]:
    for board in BOARDS:
        for panel in board.panels:
            yield board, panel


def queries() -> dict[str, str]:
    return {
        f"{board.name}: {panel.en} {index}": query.expr
        for board, panel in panels()
        for index, query in enumerate(panel.queries)
    }


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_the_committed_dashboards_are_made_from_the_code() -> None:
    made = render_dashboards()
    assert [file.name for file in FILES] == sorted(made)
    for file in FILES:
        assert file.read_text(encoding="utf-8") == made[file.name], "run `make reference`"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_grafanas_schema_takes_a_dashboard(file: Path) -> None:
    dashboard = read(file)
    jsonschema.validate(dashboard, schema("dashboard"))
    assert dashboard["schemaVersion"] in range(39, 42)
    for panel in dashboard["panels"]:
        name = panel["type"]
        name = {"state-timeline": "statetimeline"}.get(name, name)
        jsonschema.validate(panel["options"], part(name, "Options"))
        custom = panel["fieldConfig"]["defaults"].get("custom")
        if custom is not None and "FieldConfig" in schema(name)["definitions"]:
            jsonschema.validate(custom, part(name, "FieldConfig"))
        for target in panel["targets"]:
            jsonschema.validate(target, schema("prometheus"))


def test_grafanas_schema_refuses_what_is_no_dashboard() -> None:
    dashboard = read(FILES[0])
    dashboard["panels"][0]["gridPos"]["w"] = "wide"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(dashboard, schema("dashboard"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"expression": "up"}, schema("prometheus"))


def test_there_are_nine_dashboards_of_at_most_twelve_panels() -> None:
    assert len(BOARDS) == 9
    assert {board.name: len(board.panels) for board in BOARDS if len(board.panels) > 12} == {}


def test_titles_are_vietnamese_with_english_beside() -> None:
    for board, panel in panels():
        for text in (board.vi, panel.vi, panel.help):
            assert unicodedata.is_normalized("NFC", text)
        assert panel.vi != panel.en
        assert panel.title == f"{panel.vi} / {panel.en}"
        assert panel.unit


def test_panels_lie_beside_each_other_and_never_on_one_another() -> None:
    for file in FILES:
        taken: set[tuple[int, int]] = set()
        dashboard = read(file)
        assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
        for panel in dashboard["panels"]:
            grid = panel["gridPos"]
            cells = {
                (grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])
            }
            assert max(x for x, _ in cells) < 24
            assert not cells & taken
            taken |= cells


def test_everything_asks_the_provisioned_data_source() -> None:
    source = (GRAFANA / "provisioning/datasources/lensong.yml").read_text(encoding="utf-8")
    assert f"uid: {DATA_SOURCE_UID}\n" in source
    for file in FILES:
        for panel in read(file)["panels"]:
            assert panel["datasource"] == {"type": "prometheus", "uid": DATA_SOURCE_UID}


@pytest.mark.parametrize("what", sorted(queries()))
def test_every_name_and_label_of_a_panel_exists(what: str) -> None:
    families = known_families()
    families |= {name: catalogue()[name] for name in AWAITED - families.keys()}
    assert list(faults_of(queries()[what].replace("$channel", ".*"), families, RECORDED)) == []


def test_every_metric_that_is_made_is_in_a_panel_or_a_rule() -> None:
    """What nobody shows and nobody alerts on goes."""
    expressions = [
        *EXPRESSIONS.values(),
        *(text.replace("$channel", "x") for text in queries().values()),
    ]
    used = {name for expr in expressions for name in names_in(expr)}
    assert sorted(known_families().keys() - used) == []


def test_every_recorded_rule_is_used() -> None:
    expressions = [
        *(expr for expr in EXPRESSIONS.values()),
        *(text.replace("$channel", "x") for text in queries().values()),
    ]
    used = {name for expr in expressions for name in names_in(expr)}
    recorded = {
        rule.name for group in rule_groups() for rule in group.rules if isinstance(rule, Record)
    }
    assert recorded <= used


def test_the_catalogue_lists_exactly_what_is_not_made_and_why() -> None:
    made = known_families().keys()
    assert catalogue().keys() - made - AWAITED == NOT_MADE
    assert not made & NOT_MADE


async def test_verify_grafana_imports_each_dashboard_and_runs_each_query() -> None:
    """Against a server that answers in Grafana's form: one query it refuses, and none of ours."""
    imported: list[str] = []
    asked: list[str] = []

    async def take(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer a-token"
        imported.append((await request.json())["dashboard"]["uid"])
        return web.json_response({"status": "success"})

    async def query(request: web.Request) -> web.Response:
        results: dict[str, Any] = {}
        for one in (await request.json())["queries"]:
            asked.append(one["expr"])
            results[one["refId"]] = (
                {"error": "parse error", "frames": []}
                if "lensong_build_info" in one["expr"]
                else {"frames": [{"data": {"values": [[1, 2], [3, 4]]}}]}
            )
        return web.json_response({"results": results})

    app = web.Application()
    app.add_routes([web.post("/api/dashboards/db", take), web.post("/api/ds/query", query)])
    async with TestServer(app) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(GRAFANA.parent / "verify-grafana"),
            str(server.make_url("")),
            env={"GRAFANA_TOKEN": "a-token"},
            stdout=asyncio.subprocess.PIPE,
        )
        said = (await process.communicate())[0].decode()
    assert process.returncode == 1
    assert said.splitlines()[-1] == "9 dashboards, 1 faults"
    assert "FAULT Phiên bản đang chạy / Versions that run A: parse error" in said
    assert sorted(imported) == sorted(f"lensong-{board.name}" for board in BOARDS)
    assert len(asked) == len(queries())
    assert not [expr for expr in asked if "$" in expr]
