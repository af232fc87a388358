"""The scores of one model as a table for people."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from mimika.stages.write.columns import plain

CONFIDENT = 0.8
RULES = {
    "fer2013": "FER-2013",
    "ferplus": "FER+ clean",
    "ferplus-majority": "FER+ majority",
}


def scores_table(result: dict[str, Any]) -> Group:
    """Return the table: how right, how honest, class by class, how fast, and what was left out."""
    model, data = result["model"], result["data"]
    head = Text(plain(f"{model['name']} on {data['name']}"), style="bold")
    head.append(f"  {result['n']:,} pictures, {len(result['classes'])} classes", style="not bold")
    return Group(
        head, Text(), _views(result), Text(), _classes(result), Text(), *(Text(line) for line in _notes(result))
    )


def _views(result: dict[str, Any]) -> Table:
    """Return one row a way of counting."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("counted")
    for name in ("n", "accuracy", "95 %", "macro-F1", "balanced", "ECE", "top 80 %"):
        table.add_column(name, justify="right", no_wrap=True)
    rule = result["data"].get("labels", "")
    views = [(RULES.get(rule, "all"), result)]
    views += [(RULES.get(name, name), view) for name, view in result.get("rules", {}).items()]
    if "shared" in result:
        views.append(("shared classes", result["shared"]))
    for name, view in views:
        if view["n"]:
            table.add_row(name, *_view(view))
    return table


def _view(view: dict[str, Any]) -> list[str]:
    low, high = view["top1_ci95"]
    best = next((part["top1"] for part in view.get("coverage_curve", ()) if part["coverage"] == CONFIDENT), None)
    return [
        f"{view['n']:,}",
        f"{100 * view['top1']:.1f} %",
        f"{100 * low:.1f}..{100 * high:.1f}",
        f"{view['macro_f1']:.3f}",
        f"{100 * view['balanced_accuracy']:.1f} %",
        f"{100 * view['ece']:.1f} %",
        "" if best is None else f"{100 * best:.1f} %",
    ]


def _classes(result: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("class", "n", "precision", "recall", "F1", "taken for"):
        table.add_column(name, justify="left" if name in ("class", "taken for") else "right")
    for place, (name, scores) in enumerate(result["per_class"].items()):
        figures = [f"{100 * scores[key]:.1f} %" for key in ("precision", "recall")]
        table.add_row(name, f"{scores['n']:,}", *figures, f"{scores['f1']:.3f}", _mistaken(result, place))
    return table


def _mistaken(result: dict[str, Any], place: int) -> str:
    """Return the answer that is most often given wrongly for a class."""
    row = result["confusion"][place] + [result["confusion_elsewhere"][place]]
    names = [*result["classes"], "another class, or no face"]
    wrong = [(count, name) for other, (count, name) in enumerate(zip(row, names, strict=True)) if other != place]
    count, name = max(wrong, key=lambda pair: pair[0])
    return f"{name} {count}" if count else ""


def _notes(result: dict[str, Any]) -> list[str]:
    time, crops = result["latency_ms"], result["crops"]
    lines = [
        f"time a picture: {time['p50']:.1f} ms (median of {time['n']}, one by one), 99 % below {time['p99']:.1f} ms",
        f"crop: {crops['tight']:,} tight, {crops['detect']:,} sought; decided {crops['decided']}",
    ]
    if "shared" in result:
        lines.append(f"in the data or in the model alone: {', '.join(result['shared']['left_out'])}")
    if "found" in result:
        lines.append(f"face found in {100 * result['found']:.1f} % of the pictures")
    if result["skipped"]:
        lines.append(f"skipped: {len(result['skipped'])} pictures that cannot be read")
    if left_out := result["data"].get("left_out"):
        lines.append("left out: " + ", ".join(f"{plain(name)} ({count:,})" for name, count in left_out.items()))
    return lines
