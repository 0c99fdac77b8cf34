"""Which metrics an expression reads, and whether they exist: judged by the parser of others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser

__all__ = ["Family", "faults_of", "known_families", "names_in"]

_PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "metrics.md"
_CATALOGUE = Path(__file__).parent.parent / "metric_catalogue.txt"

_OF_TARGETS = frozenset({"process", "job", "instance"})
"""Labels that Prometheus gives every series of a target (``prometheus.yml``)."""


@dataclass(frozen=True, slots=True)
class Family:
    """One family that exists."""

    kind: str
    labels: frozenset[str]


_OWN = {
    "up": Family("gauge", frozenset()),
    "scrape_duration_seconds": Family("gauge", frozenset()),
    "scrape_samples_scraped": Family("gauge", frozenset()),
    "ALERTS": Family(
        "gauge", frozenset({"alertname", "alertstate", "severity", "stage", "channel"})
    ),
}
"""What Prometheus makes by itself."""


def known_families(page: Path = _PAGE) -> dict[str, Family]:
    """Return what ``docs/reference/metrics.md`` says is made."""
    row = re.compile(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*) \|", re.MULTILINE)
    return {
        name: Family(kind, frozenset(label for label in labels.split(", ") if label))
        for name, kind, labels in row.findall(page.read_text(encoding="utf-8"))
    }


def catalogue() -> dict[str, Family]:
    """Return what may be made."""
    found = {}
    for line in _CATALOGUE.read_text(encoding="utf-8").splitlines():
        name, kind, *labels = line.split(" ")
        found[name] = Family(kind, frozenset(",".join(labels).split(",")) - {""})
    return found


def names_in(expr: str) -> set[str]:
    """Return the families that an expression reads, histograms by their own name."""
    return {_family(node.name)[0] for node in _selectors(promql_parser.parse(expr))}


def faults_of(
    expr: str, families: Mapping[str, Family], recorded: Mapping[str, str]
) -> Iterator[str]:
    """Yield what is wrong with the names and labels of an expression.

    Args:
        expr: The expression.
        families: What is made, by name.
        recorded: Recorded expressions by name.
    """
    known = {**families, **_OWN}
    tree = promql_parser.parse(expr)
    for node in _selectors(tree):
        labels = _labels_of(node.name, known, recorded)
        if labels is None:
            yield f"nobody makes {node.name}"
            continue
        for matcher in node.matchers.matchers:
            if matcher.name not in labels:
                yield f"{node.name} has no label {matcher.name}"
    for inner in _walk(tree):
        if isinstance(inner, promql_parser.AggregateExpr) and inner.modifier is not None:
            below = _labels_below(inner, known, recorded)
            for label in inner.modifier.labels:
                if label not in below:
                    yield f"nothing below sum by ({label}) has that label: {inner.prettify()}"


def _labels_of(
    name: str, known: Mapping[str, Family], recorded: Mapping[str, str]
) -> frozenset[str] | None:
    if name in recorded:
        tree = promql_parser.parse(recorded[name])
        return frozenset(_labels_below(tree, known, recorded))
    bare, part = _family(name)
    family = known.get(bare)
    if family is None or (part and family.kind != "histogram"):
        return None
    if family.kind == "histogram" and not part:
        return None
    return family.labels | _OF_TARGETS | ({"le"} if part == "_bucket" else frozenset())


def _labels_below(tree: Any, known: Mapping[str, Family], recorded: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    for node in _walk(tree):
        if isinstance(node, promql_parser.VectorSelector):
            found |= _labels_of(str(node.name), known, recorded) or set()
        if isinstance(node, promql_parser.Call) and node.func.name == "label_replace":
            found.add(node.args[1].val)
    return found


def _family(name: str) -> tuple[str, str]:
    """Split a histogram's part off: ``x_bucket`` is (``x``, ``_bucket``)."""
    for part in ("_bucket", "_sum", "_count"):
        if name.endswith(part) and ":" not in name:
            return name.removesuffix(part), part
    return name, ""


def _selectors(tree: Any) -> Iterator[Any]:
    return (node for node in _walk(tree) if isinstance(node, promql_parser.VectorSelector))


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for name in ("lhs", "rhs", "expr", "vector_selector", "param"):
        inner = getattr(node, name, None)
        if inner is not None and not isinstance(inner, str):
            yield from _walk(inner)
    children: Iterable[Any] = getattr(node, "args", None) or ()
    for inner in children:
        yield from _walk(inner)
