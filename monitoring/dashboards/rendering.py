# ruff: noqa: FBT003 - Grafana's builders take bare truth values
"""Dashboards as Grafana's JSON.

Grafana's own builders make it (``grafana-foundation-sdk``, a library for development alone: an
installation has the files).  It runs in no service.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from typing import Any, Final

from monitoring.dashboards.making import ENCODER, INPUTS, SWITCHER
from monitoring.dashboards.serving import ORIGIN, PACKAGING
from monitoring.dashboards.specification import Board, Panel
from monitoring.dashboards.wall import WALL
from monitoring.dashboards.watching import AUDIENCE, OBJECTIVES, VIEWERS

with warnings.catch_warnings():
    # It would have us use the form of Grafana 12, which 11 does not read.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import (
        bargauge,
        common,
        stat,
        statetimeline,
        table,
        timeseries,
    )
    from grafana_foundation_sdk.builders import dashboard as dashboards
    from grafana_foundation_sdk.builders.prometheus import Dataquery
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.common import (
        BigValueColorMode,
        BigValueTextMode,
        DataSourceRef,
        GraphThresholdsStyleMode,
        LegendDisplayMode,
        LegendPlacement,
        TooltipDisplayMode,
        VisibilityMode,
    )
    from grafana_foundation_sdk.models.dashboard import (
        DashboardCursorSync,
        DashboardLinkType,
        FieldColorModeId,
        Threshold,
        ThresholdsMode,
        ValueMap,
        ValueMappingResult,
        VariableOption,
        VariableRefresh,
    )

__all__ = ["BOARDS", "DATA_SOURCE_UID", "SCHEMA_VERSION", "render_dashboards"]

BOARDS: Final = (
    WALL,
    INPUTS,
    SWITCHER,
    ENCODER,
    PACKAGING,
    ORIGIN,
    VIEWERS,
    OBJECTIVES,
    AUDIENCE,
)

DATA_SOURCE_UID: Final = "lensong-prometheus"
"""As ``deploy/grafana/provisioning/datasources`` names it."""

SCHEMA_VERSION: Final = 41
"""Of Grafana 11.6; 12 and 13 read it and bring it to their own."""

_LOWEST: Final = -1e12
"""Where the first threshold begins.  Grafana itself writes null for "from below on", which its
published schema does not take; it reads either.
"""

_SOURCE: Final = DataSourceRef(type_val="prometheus", uid=DATA_SOURCE_UID)


def render_dashboards(boards: Iterable[Board] = BOARDS) -> dict[str, str]:
    """Return each dashboard's JSON by the name of its file."""
    return {f"{board.name}.json": _json(_board(board)) for board in boards}


def _json(dashboard: Any) -> str:
    made = json.loads(JSONEncoder().encode(dashboard))
    for link in made["links"]:
        del link["placement"]  # 11.6 does not know it
    return json.dumps(made, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def _board(board: Board) -> Any:
    builder = (
        dashboards.Dashboard(f"{board.vi} / {board.en}")
        .uid(f"lensong-{board.name}")
        .tags(["lensong"])
        .time(f"now-{board.hours}h", "now")
        .timezone("browser")
        .refresh("10s" if board.hours == 1 else "30s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            dashboards.DashboardLink("Lensong")
            .type(DashboardLinkType.DASHBOARDS)
            .tags(["lensong"])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
    )
    if board.by_channel:
        builder = builder.with_variable(
            dashboards.QueryVariable("channel")
            .label("Kênh / Channel")
            .query("label_values(lensong_input_on_air, channel)")
            .datasource(_SOURCE)
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .multi(True)
            .include_all(True)
            .all_value(".*")
            .current(VariableOption(text="All", value="$__all"))
        )
    for number, panel in enumerate(board.panels, 1):
        builder = builder.with_panel(_panel(panel).id(number))
    made = builder.build()
    made.schema_version = SCHEMA_VERSION
    return made


def _panel(panel: Panel) -> Any:
    builder: Any
    match panel.kind:
        case "graph":
            builder = _graph()
        case "number":
            builder = (
                stat.Panel()
                .reduce_options(_last_value())
                .color_mode(BigValueColorMode.BACKGROUND)
                .text_mode(BigValueTextMode.VALUE_AND_NAME)
            )
        case "states":
            builder = (
                statetimeline.Panel()
                .merge_values(True)
                .show_value(VisibilityMode.AUTO)
                .row_height(0.9)
                .legend(_legend())
            )
        case "bars":
            builder = bargauge.Panel().reduce_options(_last_value())
        case "table":
            builder = table.Panel()
    return _filled(builder, panel)


def _graph() -> Any:
    return (
        timeseries.Panel()
        .line_width(2)
        .fill_opacity(8)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    )


def _legend() -> Any:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .calcs([])
    )


def _last_value() -> Any:
    return common.ReduceDataOptions().values(False).calcs(["lastNotNull"]).fields("")


def _filled(builder: Any, panel: Panel) -> Any:
    """Add what every kind of panel has."""
    builder = (
        builder.title(panel.title)
        .datasource(_SOURCE)
        .unit(panel.unit)
        .span(panel.width)
        .height(panel.height)
    )
    if panel.help:
        builder = builder.description(panel.help)
    if panel.decimals is not None:
        builder = builder.decimals(panel.decimals)
    if panel.steps:
        steps = [
            Threshold(_LOWEST if step.value is None else step.value, step.colour)
            for step in panel.steps
        ]
        builder = builder.thresholds(
            dashboards.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
        )
    if panel.states:
        options = {
            str(state.value): ValueMappingResult(text=state.text, color=state.colour, index=index)
            for index, state in enumerate(panel.states)
        }
        builder = builder.mappings([ValueMap(options=options)])
    if panel.kind not in {"graph", "table"}:
        builder = builder.color_scheme(dashboards.FieldColor().mode(FieldColorModeId.THRESHOLDS))
    for index, query in enumerate(panel.queries):
        target = Dataquery().expr(query.expr).legend_format(query.legend).ref_id(chr(65 + index))
        is_now = panel.kind in {"number", "bars", "table"}
        builder = builder.with_target(target.instant() if is_now else target.range())
    return builder
