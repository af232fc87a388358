"""The page that people look at: one HTML file with its charts inside, that asks for nothing from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from mimika.data.errors import OutputError
from mimika.evaluation import charts
from mimika.evaluation import report_tables as tables
from mimika.evaluation.page import PAGE


def write_report(results: Mapping[str, Any] | Sequence[Mapping[str, Any]], folder: Path) -> Path:
    """Write `index.html` into the folder and return its path.

    `results` is what `compare.compare` returned, or a list of what `run.evaluate` returned.

    Raises:
        OptionError: if matplotlib is missing.
        OutputError: if the page cannot be written.
    """
    charts.require()
    whole = results if isinstance(results, Mapping) else from_evaluations(results)
    target = folder / "index.html"
    text = page(whole)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    except OSError as error:
        raise OutputError(str(target), (error.strerror or str(error)).lower()) from error
    return target


def from_evaluations(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Put what `run.evaluate` returned, one or several, into the shape of a comparison."""
    whole: dict[str, Any] = {"models": {}, "sets": {}, "scores": {}, "corruptions": {}, "duplicates": [], "errors": {}}
    for result in results:
        about, title = result["model"], result["model"]["name"]
        labels = result["data"].get("labels")
        name = result["data"]["name"] + (f", {labels}" if labels else "")
        for rule, scores in {labels: result, **result.get("rules", {})}.items():
            view = name if rule == labels else f"{result['data']['name']}, {rule}"
            whole["sets"][view] = {"n": scores["n"], "classes": scores["classes"]}
            whole["scores"].setdefault(view, {})[title] = {**scores, "latency_ms": result["latency_ms"]}
        whole["models"][title] = about
        whole |= {key: result[key] for key in ("command", "versions", "machine") if key in result}
    return whole


def page(results: Mapping[str, Any]) -> str:
    """Return the page."""
    order = list(results["models"])
    names = list(results["scores"])
    body = "".join(_set(name, results, order) for name in names)
    body += tables.duplicate_part(results)
    title = "How the models compare" if len(order) > 1 else f"How good {order[0] if order else 'the model'} is"
    links = "".join(f'<a href="#{_anchor(name)}">{escape(told(name))}</a>' for name in names) if len(names) > 1 else ""
    return PAGE.format(
        title=escape(title), lead=_lead(results), links=f"<nav>{links}</nav>" if links else "", body=body,
        how=_how(results),
    )  # fmt: skip


def _set(name: str, results: Mapping[str, Any], order: Sequence[str]) -> str:
    """Return everything of one set."""
    models, about = results["scores"][name], results["sets"][name]
    scored = {title: scores for title, scores in models.items() if "top1" in scores}
    parts = [
        f'<section id="{_anchor(name)}"><h2>{escape(told(name))}</h2>',
        f"<p>{about['n']:,} pictures, {len(about['classes'])} classes: {escape(', '.join(about['classes']))}.</p>",
        tables.score_table(models, results["models"], order),
    ]
    if scored:
        points = [
            charts.Point(title, scores["latency_ms"]["p50"], scores["top1"], tuple(scores["top1_ci95"]))
            for title, scores in scored.items()
        ]
        parts.append(tables.chart("Accuracy over time", charts.accuracy_over_time(points, order), _ABOUT["time"]))
        curves = {title: scores["coverage_curve"] for title, scores in scored.items()}
        parts.append(_cost_chart(scored, order))
        parts.append(tables.chart("Answering only when sure", charts.coverage(curves, order), _ABOUT["coverage"]))
        parts.append(tables.class_table(scored, about["classes"]))
        parts.append("<h3>What is taken for what</h3>" + f"<p>{_ABOUT['confusion']}</p>")
        parts.append(
            '<div class="matrices">' + "".join(tables.confusion_matrix(t, s) for t, s in scored.items()) + "</div>"
        )
    if name in results["corruptions"]:
        sample = results.get("corrupted_pictures", {}).get(name)
        parts.append(tables.corruption_part(results["corruptions"][name], scored, results["conditions"], order, sample))
    return "".join(parts) + "</section>"


def _cost_chart(scored: Mapping[str, Any], order: Sequence[str]) -> str:
    """Return the chart of accuracy against cost where a router was measured, "" elsewhere."""
    moved = {title: scores["escalation"] for title, scores in scored.items() if scores.get("escalation")}
    if not moved:
        return ""
    paid = {
        title: (scores["cost_per_1000_usd"], scores["top1"])
        for title, scores in scored.items()
        if scores.get("cost_per_1000_usd") and title not in moved
    }
    return tables.chart("Accuracy against cost", charts.accuracy_over_cost(moved, paid, order), _ABOUT["cost"])


_ABOUT = {
    "cost": "The router asks the paid model about the pictures that the local one is least certain of; each mark is "
    "five per cent more of them. The broken line is what sending pictures by lot would give.",
    "time": "Median processor time from decoded picture to answer, aligning the face included where a model does; bars "
    "are 95 % intervals of the accuracy. Up and to the left is better.",
    "coverage": "A program may say that it is not sure. Each curve is the accuracy on the share of pictures that it is "
    "most confident of; at 100 % it answers all of them.",
    "confusion": "Rows are the truth, columns the answer, in per cent of the row. “other” is an answer outside the "
    "classes of this set, or none.",
}


_LABELS = {
    "fer2013": "labels of FER-2013",
    "ferplus": "clear votes of FER+",
    "ferplus-majority": "FER+ by majority",
}


def told(name: str) -> str:
    """Return the name of a set as people read it: its labels in words."""
    data, _, labels = name.rpartition(", ")
    return f"{data}: {_LABELS[labels]}" if labels in _LABELS else name


def _lead(results: Mapping[str, Any]) -> str:
    sets, models = len(results["scores"]), len(results["models"])
    text = f"{models} model{'s' * (models != 1)} on {sets} set{'s' * (sets != 1)} of labelled faces."
    if results.get("limit"):
        text += f" Only the first {results['limit']:,} pictures of each: a trial, not a result."
    for name, reason in results["errors"].items():
        text += f'</p><p class="warning">{escape(name)} could not be measured: {escape(reason)}'
    return text


def _how(results: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in results.get("versions", {}).items())
    machine = ", ".join(str(value) for value in results.get("machine", {}).values() if value)
    models = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(str(about.get('version') or ''))}</td>"
        f"<td>{tables.count(about.get('bytes'))}</td>"
        f"<td><code>{escape(str(about.get('sha256') or '–'))[:16]}</code></td></tr>"
        for name, about in results["models"].items()
    )
    lines = {"Command": results.get("command", ""), "Versions": versions, "Machine": machine}
    told = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in lines.items() if text)
    return f"<dl>{told}</dl>" + tables.table(("model", "version", "bytes", "sha256"), [models])


def _anchor(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)
