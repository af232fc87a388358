"""The tables of a report as HTML, each from one part of a comparison's results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from mimika.evaluation import charts

_CORRUPTION = (
    "Accuracy after each change of the pictures; the small number is the change in points from the clean pictures."
)
_SEEK = (
    "The face cut out is enlarged and given a border, and each program has to find it; a face that is not found is a "
    "wrong answer."
)
_DUPLICATES = (
    "The same photo on both sides of a split, found by perceptual hash and confirmed by the pixels. A model that has "
    "learnt a picture by heart knows its label, right or wrong."
)
NONE = '<span class="none">–</span>'


def score_table(models: Mapping[str, Any], described: Mapping[str, Any], order: Sequence[str]) -> str:
    """Return the table of figures, a row a model."""
    heads = (
        "model", "accuracy, %", "95 % interval", "macro-F1", "balanced, %", "ECE, %", "parameters", "multiply-adds",
        "ms", "face found, %",
    )  # fmt: skip
    best = {
        key: pick(scores[key] for scores in models.values() if key in scores)
        for key, pick in (("top1", max), ("macro_f1", max), ("balanced_accuracy", max), ("ece", min))
        if any(key in scores for scores in models.values())
    }
    fastest = min(scores["latency_ms"]["p50"] for scores in models.values())
    rows = []
    for title, scores in models.items():
        about = described[title]

        def value(key: str, scale: float, digits: int, scores: Mapping[str, Any] = scores) -> str:
            if key not in scores:
                return _cell(NONE)
            return _cell(f"{scale * scores[key]:.{digits}f}", scores[key] == best.get(key) and len(models) > 1)

        low_high = [f"{100 * end:.1f}" for end in scores.get("top1_ci95", ())]
        milliseconds = scores["latency_ms"]["p50"]
        rows.append(
            f"<tr><th>{_key(order.index(title))}{escape(title)}</th>{value('top1', 100, 1)}"
            f"{_cell('–'.join(low_high) or NONE)}{value('macro_f1', 1, 3)}{value('balanced_accuracy', 100, 1)}"
            f"{value('ece', 100, 1)}{_cell(count(about.get('parameters')))}{_cell(count(about.get('macs')))}"
            f"{_cell(f'{milliseconds:.2f}', milliseconds == fastest and len(models) > 1)}"
            f"{value('found', 100, 1)}</tr>"
        )
    return table(heads, rows) + _shared(models)


def _shared(models: Mapping[str, Any]) -> str:
    """Say how a model stands that does not know the same classes, on those that it shares with the data."""
    lines = [
        f"<li>{escape(title)}: {100 * shared['top1']:.1f} % ({100 * shared['top1_ci95'][0]:.1f}–"
        f"{100 * shared['top1_ci95'][1]:.1f}) of {shared['n']:,}, without {escape(', '.join(shared['left_out']))}</li>"
        for title, scores in models.items()
        if (shared := scores.get("shared")) and shared["n"]
    ]
    if not lines:
        return ""
    intro = "Classes that a model does not know count as wrong in the table. Accuracy with them left out:"
    return f'<div class="note"><p>{intro}</p><ul>{"".join(lines)}</ul></div>'


def class_table(models: Mapping[str, Any], classes: Sequence[str]) -> str:
    """Return the F1 of each class and model."""
    rows = []
    for name in classes:
        values = [scores["per_class"][name] for scores in models.values()]
        cells = "".join(_shaded(value["f1"], f"{value['f1']:.2f}") for value in values)
        pictures = f"{values[0]['n']:,}"
        rows.append(f"<tr><th>{escape(name)}</th>{_cell(pictures)}{cells}</tr>")
    heads = ("class", "pictures", *map(escape, models))
    return "<h3>F1 by class</h3>" + table(heads, rows, even=True)


def confusion_matrix(title: str, scores: Mapping[str, Any]) -> str:
    """Return the confusions of one model."""
    classes, counts, other = scores["classes"], scores["confusion"], scores["confusion_elsewhere"]
    rows = []
    for name, row, rest in zip(classes, counts, other, strict=True):
        total = max(sum(row) + rest, 1)
        values = [*row, rest] if any(other) else row
        cells = "".join(
            _shaded(count / total, f"{100 * count / total:.0f}", f"{name} taken for {said}: {count} of {total}")
            for count, said in zip(values, [*classes, "other"], strict=False)
        )
        rows.append(f"<tr><th>{escape(name)}</th>{cells}</tr>")
    heads = "".join(f"<th><span>{escape(name)}</span></th>" for name in (*classes, *(["other"] if any(other) else [])))
    table = f'<table class="matrix"><thead><tr><th></th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    return f"<figure><figcaption>{escape(title)}</figcaption>{table}</figure>"


def corruption_part(
    values: Mapping[str, Any],
    clean: Mapping[str, Any],
    lines: Sequence[Mapping[str, str]],
    order: Sequence[str],
    sample: int | None = None,
) -> str:
    """Return chart and table of the conditions."""
    titles = {line["key"]: line["title"] for line in lines}
    shown = {
        name: {key: line["top1"] for key, line in values[name].items() if "top1" in line}
        for name in values
        if name in clean
    }
    firsts = {name: values[name]["clean"]["top1"] for name in shown}
    rows = [
        "<tr><th>clean</th>" + "".join(_lost({"top1": first, "loss_points": 0}) for first in firsts.values()) + "</tr>"
    ]
    for key, title in titles.items():
        cells = []
        for name in shown:
            line = values[name].get(key)
            cells.append(_lost(line) if line else _cell(NONE))
        rows.append(f"<tr><th>{escape(title)}</th>{''.join(cells)}</tr>")
    meaning = "".join(f"<li><b>{escape(line['title'])}</b>: {escape(line['about'])}</li>" for line in lines)
    measured = f" Measured on {sample:,} of them." if sample else ""
    drawn = charts.conditions(titles, firsts, shown, order) if shown else ""
    return (
        chart("When the picture is worse", drawn, _CORRUPTION + measured)
        + table(("condition", *map(escape, shown)), rows, even=True)
        + f"<details><summary>What is done exactly</summary><ul>{meaning}</ul></details>"
        + _finding(values)
    )


def _finding(values: Mapping[str, Any]) -> str:
    """Return how each program does when it has to find the face by itself."""
    lines = {name: lines["seek"] for name, lines in values.items() if "seek" in lines}
    if not lines:
        return ""
    rows = [
        f"<tr><th>{escape(name)}</th>{_percent(line['found'])}"
        f"{_percent(line.get('top1'))}{_cell(format(line['ms'], '.1f'))}</tr>"
        for name, line in lines.items()
    ]
    heads = ("program", "face found, %", "accuracy, %", "ms a picture")
    return f"<h3>When the face is not given</h3><p>{_SEEK}</p>" + table(heads, rows, even=True)


def _lost(line: Mapping[str, float]) -> str:
    loss = line["loss_points"]
    sign = f"−{loss:.1f}" if loss > 0.05 else f"+{-loss:.1f}" if loss < -0.05 else ""
    share = min(max(loss, 0) / 50, 1)
    return f'<td class="lost" style="--share: {share:.3f}">{100 * line["top1"]:.1f} <small>{sign}</small></td>'


def duplicate_part(results: Mapping[str, Any]) -> str:
    """Return what was seen in training."""
    parts = []
    for one in results.get("duplicates", ()):
        counts = [
            f"<tr><th>{kind}</th>" + "".join(_cell(f"{one[key][field]:,}") for field in _FIELDS) + "</tr>"
            for kind, key in (("exact", "exact"), ("near only", "near"), ("together", "any"))
        ]
        rows = [
            f"<tr><th>{escape(title)}</th><td>{escape(view)}</td>"
            + "".join(_part(here.get(part)) for part in ("all", "without", "only"))
            + "</tr>"
            for view, models in one["accuracy"].items()
            for title, here in models.items()
        ]
        parts.append(
            f"<h3>{escape(one['set'])} against {escape(one['known'])}</h3>"
            f"<p>{one['any']['pictures']:,} of {one['n']:,} pictures ({100 * one['share']:.1f} %) are among the "
            f"{one['n_known']:,}; {one['mirrored']:,} of them mirrored.</p>"
            + table(("duplicates", "pictures", "same label", "another label", "without label"), counts)
            + table(("model", "labels", "all, %", "without duplicates, %", "duplicates only, %"), rows)
        )
    if not parts:
        return ""
    head = f'<section id="duplicates"><h2>Pictures seen in training</h2><p>{_DUPLICATES}</p>'
    return f"{head}{''.join(parts)}</section>"


def _part(scores: Mapping[str, Any] | None) -> str:
    return _cell(f"{100 * scores['top1']:.1f} <small>of {scores['n']:,}</small>" if scores else NONE)


_FIELDS = ("pictures", "same_label", "different_label", "unlabelled")


def table(heads: Iterable[str], rows: Iterable[str], even: bool = False) -> str:
    """Return a table."""
    head = "".join(f"<th>{name}</th>" for name in heads)
    kind = ' class="even"' if even else ""
    return f'<div class="wide"><table{kind}><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def chart(title: str, svg: str, about: str) -> str:
    """Return a chart with its heading and a line about it."""
    labelled = svg.replace("<svg", f'<svg aria-label="{escape(title)}"', 1)
    return f"<h3>{escape(title)}</h3><p>{about}</p><figure>{labelled}</figure>"


def _cell(text: str, best: bool = False) -> str:
    return f'<td class="best">{text}</td>' if best else f"<td>{text}</td>"


def _percent(value: float | None) -> str:
    return _cell(NONE if value is None else f"{100 * value:.1f}")


def _shaded(share: float, text: str, title: str = "") -> str:
    told = f' title="{escape(title)}"' if title else ""
    return f'<td class="shade" style="--share: {share:.3f}"{told}>{text}</td>'


def _key(number: int) -> str:
    return f'<i class="key" style="background: var(--s{number % charts.SERIES + 1})"></i>'


def count(value: Any) -> str:
    """Return 58423 as 58 k and 10163392 as 10.2 M."""
    if not value:
        return NONE
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return str(value)
