"""The alerts and the dashboard, and the metrics that their expressions read."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml
from django.conf import settings

FILES = Path(settings.BASE_DIR) / "deploy" / "observability"
# What Prometheus adds to all that it reads, and prometheus.yml.
OF_TARGETS = frozenset({"job", "instance", "program"})


@dataclass(frozen=True, slots=True)
class Read:
    """A metric that an expression reads, with the labels that it needs.

    Attributes:
        where: The alert or panel.
        name: The metric's name.
        labels: What it selects or groups by, as far as that is known to be this metric's.
    """

    where: str
    name: str
    labels: frozenset[str]


def alerts() -> list[dict[str, Any]]:
    """Return the alerts."""
    found = yaml.safe_load((FILES / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in found["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """Return the dashboard's panels that show something."""
    found = json.loads((FILES / "dashboard.json").read_text(encoding="utf-8"))
    return [panel for panel in found["panels"] if panel["type"] != "row"]


def all_reads() -> list[Read]:
    """Return what all alerts and panels read."""
    found: list[Read] = []
    for alert in alerts():
        words = " ".join(alert["annotations"].values())
        shown = frozenset(re.findall(r"\$labels\.(\w+)", words))
        found += _reads(alert["alert"], alert["expr"], shown)
    for panel in panels():
        for target in panel["targets"]:
            shown = frozenset(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            found += _reads(panel["title"], target["expr"], shown)
    return found


def _reads(where: str, expression: str, shown: frozenset[str]) -> Iterator[Read]:
    yield from _walk(where, promql.parse(expression), shown)


def _walk(where: str, node: Any, needed: frozenset[str]) -> Iterator[Read]:
    if isinstance(node, promql.VectorSelector):
        selected = {matcher.name for matcher in node.matchers.matchers}
        yield Read(where, node.name, needed | selected)
    elif isinstance(node, promql.AggregateExpr):
        # What is not grouped by is gone: whatever is shown of it has to be among these.
        kept = frozenset(node.modifier.labels) if node.modifier else frozenset()
        is_whole = str(node.op) in {"topk", "bottomk"}
        assert is_whole or needed <= kept, f"{where} shows {set(needed - kept)}, which is gone"
        yield from _walk(where, node.expr, needed if is_whole else kept)
    elif isinstance(node, promql.Call):
        # A quantile is told of buckets, whose label `le` is gone after it.
        more = {"le"} if node.func.name == "histogram_quantile" else set()
        for argument in node.args:
            yield from _walk(where, argument, needed | more)
    elif isinstance(node, promql.BinaryExpr):
        yield from _walk(where, node.lhs, needed)
        yield from _walk(where, node.rhs, needed)
    elif isinstance(node, promql.MatrixSelector):
        yield from _walk(where, node.vector_selector, needed)
    elif isinstance(node, promql.ParenExpr | promql.SubqueryExpr | promql.UnaryExpr):
        yield from _walk(where, node.expr, needed)
