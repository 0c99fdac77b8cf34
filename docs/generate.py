"""Write ``docs/reference/`` from the settings models and the metrics the services register.

``python -m docs.generate`` writes the pages; a test compares them with the code, so they
cannot drift apart.
"""

from __future__ import annotations

import ast
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from core.config import Settings, load_settings
from lensong.monitoring_files import render_monitoring_files
from monitoring.dashboards.rendering import render_dashboards

__all__ = [
    "main",
    "metrics_in_code",
    "prometheus_files",
    "render_metrics",
    "render_settings",
]

ROOT: Final = Path(__file__).parent.parent
REFERENCE: Final = ROOT / "docs" / "reference"
DASHBOARDS: Final = ROOT / "deploy" / "grafana" / "dashboards"
PROMETHEUS: Final = ROOT / "deploy" / "prometheus"
PACKAGES: Final = (
    "core",
    "ingest",
    "transcoder",
    "packager",
    "origin",
    "control",
    "monitoring",
    "lensong",
)

_KINDS: Final = {
    "Counter": "counter",
    "Gauge": "gauge",
    "Histogram": "histogram",
    "CounterMetricFamily": "counter",
    "GaugeMetricFamily": "gauge",
    "HistogramMetricFamily": "histogram",
}


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of metrics, as a service's code declares it."""

    name: str
    """As Prometheus shows it: a counter ends in ``_total``."""

    kind: str
    labels: tuple[str, ...]
    meaning: str


def render_settings() -> str:
    """Return the page of every setting."""
    lines = [
        "# Settings",
        "",
        "One TOML file. An unknown key is an error, and every fault is reported at once:",
        "`lensong check FILE`. Secrets never stand in it: it names environment variables.",
        "This page is made from the code (`make reference`).",
    ]
    for heading, model in _tables("", Settings):
        lines += ["", f"## `{heading}`", ""]
        lines += ["| setting | values | default | meaning |", "|---|---|---|---|"]
        for name, field in model.model_fields.items():
            if _model_of(field.annotation) is None:
                values, default = _values(field), _default(field)
                meaning = " ".join((field.description or "").split())
                lines.append(f"| `{name}` | {values} | {default} | {meaning} |")
    return "\n".join(lines) + "\n"


def _tables(path: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        inner = _model_of(field.annotation)
        if inner is not None:
            below = f"{path}.{name}" if path else name
            listed = typing.get_origin(_bare(field.annotation)) is tuple
            yield (f"[[{below}]]" if listed else f"[{below}]"), inner
            yield from _tables(below, inner)


def _bare(annotation: Any) -> Any:
    is_annotated = typing.get_origin(annotation) is Annotated
    return typing.get_args(annotation)[0] if is_annotated else annotation


def _model_of(annotation: Any) -> type[BaseModel] | None:
    annotation = _bare(annotation)
    if typing.get_origin(annotation) is tuple:
        annotation = typing.get_args(annotation)[0]
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_model else None


def _values(field: FieldInfo) -> str:
    """Put a setting's type and limits into words."""
    found = [*field.metadata]
    annotation: Any = field.annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = next(a for a in typing.get_args(annotation) if a is not types.NoneType)
    if typing.get_origin(annotation) is Annotated:
        annotation, *more = typing.get_args(annotation)
        found += [entry for item in more for entry in getattr(item, "metadata", [item])]
    if typing.get_origin(annotation) is Literal:
        return ", ".join(f"`{_toml(value)}`" for value in typing.get_args(annotation))
    if typing.get_origin(annotation) is tuple:
        return "list of text"
    words = {str: "text", int: "integer", float: "number", Path: "path", bool: "true, false"}
    return " ".join([words[annotation], *_limits(found)])


def _limits(metadata: list[Any]) -> list[str]:
    limits = {}
    for item in metadata:
        for key in ("ge", "gt", "le", "lt", "multiple_of", "pattern", "min_length", "max_length"):
            value = getattr(item, key, None)
            if value is not None:
                limits[key] = value
    said = [f"from {limits['ge']}"] if "ge" in limits else []
    said += [f"above {limits['gt']}"] if "gt" in limits else []
    said += [f"to {limits['le']}"] if "le" in limits else []
    said += [f"in steps of {limits['multiple_of']}"] if "multiple_of" in limits else []
    said += [f"`{limits['pattern']}`"] if "pattern" in limits else []
    said += [f"up to {limits['max_length']} characters"] if "max_length" in limits else []
    return said


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    return "none" if field.default is None else f"`{_toml(field.default)}`"


def _toml(value: object) -> str:
    if value == ():
        return "[]"
    return str(value) if isinstance(value, int | float) else f'"{value}"'


def metrics_in_code() -> list[Metric]:
    """Return every family that a service declares, by name, read from the source."""
    found: dict[str, Metric] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ast.parse(path.read_text(encoding="utf-8"))
            found |= {metric.name: metric for metric in _metrics(module, {})}
    return [found[name] for name in sorted(found)]


def _metrics(node: ast.AST, known: dict[str, object]) -> Iterator[Metric]:
    """Yield the families below ``node``; names that a function gives stay inside it."""
    if isinstance(node, ast.Module | ast.FunctionDef):
        known = known | _label_names(node, known)
    metric = _metric(node, known)
    if metric is not None:
        yield metric
    for child in ast.iter_child_nodes(node):
        yield from _metrics(child, known)


def _label_names(
    scope: ast.Module | ast.FunctionDef, known: dict[str, object]
) -> dict[str, object]:
    """Return what is called by a name directly in ``scope`` and is a tuple of texts."""
    found: dict[str, object] = {}
    for node in scope.body:
        target: ast.expr | None = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(node, ast.Assign):
            target = node.targets[0]
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(target, ast.Name):
            value = _value(node.value, known | found)
            if isinstance(value, tuple) and all(isinstance(item, str) for item in value):
                found.setdefault(target.id, value)
    return found


def _metric(node: ast.AST, known: dict[str, object]) -> Metric | None:
    """Read ``Counter("lensong_...", "meaning", (labels))``, or a helper's ``_counter("...")``."""
    if not isinstance(node, ast.Call):
        return None
    kind = _kind(node)
    values = [_value(argument, known) for argument in node.args]
    # A helper of the module's own puts the prefix in front.
    is_helper = isinstance(node.func, ast.Name) and node.func.id.startswith("_")
    pattern = r"(?:lensong_)?[a-z_]+" if is_helper else r"lensong_[a-z_]+"
    is_name = [isinstance(v, str) and re.fullmatch(pattern, v) is not None for v in values]
    if kind is None or True not in is_name:
        return None
    after = values[is_name.index(True) + 1 :]
    name = f"lensong_{str(values[is_name.index(True)]).removeprefix('lensong_')}"
    if kind == "counter" and not name.endswith("_total"):
        name += "_total"
    given = [_value(k.value, known) for k in node.keywords if k.arg in ("labelnames", "labels")]
    labels = next((v for v in (*given, *after) if isinstance(v, list | tuple)), ())
    return Metric(name, kind, tuple(map(str, labels)), str(after[0]) if after else "")


def _kind(node: ast.Call) -> str | None:
    """Return the kind of family: by the class that is called, or that is an argument."""
    for part in (node.func, *node.args):
        name = part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "")
        bare = name.lstrip("_")
        if bare in _KINDS or bare.capitalize() in _KINDS:
            return _KINDS.get(bare) or _KINDS[bare.capitalize()]
    return None


def _value(node: ast.AST | None, constants: dict[str, object]) -> object:
    """Evaluate a literal, a constant's name, or a tuple of both; None for anything else."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return constants.get(name)
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return tuple(part for item in items for part in _items(item, constants))
        case _:
            return None


def _items(node: ast.AST, constants: dict[str, object]) -> tuple[object, ...]:
    if isinstance(node, ast.Starred):
        inner = _value(node.value, constants)
        return inner if isinstance(inner, tuple) else ()
    return (_value(node, constants),)


def render_metrics() -> str:
    """Return the page of every metric."""
    lines = [
        "# Metrics",
        "",
        "Each process shows its own on `http://{internal_host}:{admin port}/metrics`. Counters",
        "are there from the start, at 0, for every configured channel. This page is made from",
        "the code (`make reference`).",
        "",
        "| metric | type | labels | meaning |",
        "|---|---|---|---|",
    ]
    for metric in metrics_in_code():
        labels = ", ".join(metric.labels)
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.meaning} |")
    return "\n".join(lines) + "\n"


def prometheus_files() -> Mapping[str, str]:
    """Return Prometheus' files for the example's settings, by name."""
    return render_monitoring_files(load_settings(ROOT / "deploy" / "lensong.example.toml"))


def main() -> None:
    """Write the pages."""
    REFERENCE.mkdir(exist_ok=True)
    for name, text in (("settings.md", render_settings()), ("metrics.md", render_metrics())):
        (REFERENCE / name).write_text(text, encoding="utf-8")
    for name, text in prometheus_files().items():
        (PROMETHEUS / name).write_text(text, encoding="utf-8")
    for name, text in render_dashboards().items():
        (DASHBOARDS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
