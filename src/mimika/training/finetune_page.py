"""The page that a fine-tuning ends with: one HTML file that asks for nothing from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from mimika.evaluation import report_tables as tables
from mimika.evaluation.page import PAGE

_LISTED = 200
_PARTS = {"train": "learnt from", "validation": "chosen by", "test": "held out"}


def write_page(report: Mapping[str, Any]) -> str:
    """Return the page of what `finetune_run.finetune` found."""
    data, test = report["data"], report["test"]
    gain, (low, high) = test["gain"]["top1"], test["gain"]["ci95"]
    lead = (
        f"{escape(report['base']['name'])} went on learning from {escape(data['name'])}. On the {test['after']['n']:,} "
        f"held-out pictures it was right in {_percent(test['before']['top1'])} % before and in "
        f"{_percent(test['after']['top1'])} % after: {_signed(gain)} points, 95 % interval "
        f"{_signed(low)} to {_signed(high)}. {_verdict(low, high)}"
    )
    body = f"<section><h2>Before and after</h2>{_before_after(test)}</section>{_folder(report)}"
    return PAGE.format(
        title=f"{escape(report['model']['name'])}", lead=lead, links="", body=body, how=_how(report)
    )  # fmt: skip


def _verdict(low: float, high: float) -> str:
    if low > 0:
        return "It is better for such pictures."
    if high < 0:
        return "It is worse: do not use it."
    return "The held-out pictures are too few to say whether it is better."


def _before_after(test: Mapping[str, Any]) -> str:
    both = {"before": test["before"], "after": test["after"]}
    rows = []
    for name, scores in both.items():
        low, high = scores["top1_ci95"]
        shared = scores.get("shared", scores)
        values = (
            _percent(scores["top1"]), f"{_percent(low)}–{_percent(high)}", f"{scores['macro_f1']:.3f}",
            _percent(scores["balanced_accuracy"]), _percent(scores["ece"]), f"{scores['brier']:.3f}",
            _percent(shared["top1"]),
        )  # fmt: skip
        rows.append(f"<tr><th>{name}</th>" + "".join(f"<td>{value}</td>" for value in values) + "</tr>")
    heads = ("", "accuracy, %", "95 % interval", "macro-F1", "balanced, %", "ECE, %", "Brier", "among its classes, %")
    about = (
        "All eight classes compete. “Among its classes” is the accuracy when only those of the folder do: what the "
        "network before gains there, it would have gained by being told the classes alone. Brier is the squared error "
        "of the probabilities, 0 to 2; smaller is better."
    )
    matrices = "".join(tables.confusion_matrix(name, scores) for name, scores in both.items())
    return (
        tables.table(heads, rows)
        + f"<p>{about}</p>"
        + tables.class_table(both, test["after"]["classes"])
        + "<h3>What is taken for what</h3><p>Rows are the truth, columns the answer, in per cent of the row.</p>"
        + f'<div class="matrices">{matrices}</div>'
        + _listed("held-out pictures are read wrongly", [_wrong(each) for each in test["wrong"]])
    )


def _wrong(each: Mapping[str, str]) -> str:
    return f"{each['name']}: {each['truth']}, taken for {each['said']}"


def _folder(report: Mapping[str, Any]) -> str:
    data = report["data"]
    classes = list(next(iter(data["parts"].values())))
    rows = [
        f"<tr><th>{escape(name)}</th>"
        + "".join(f"<td>{data['parts'][part][name]:,}</td>" for part in _PARTS)
        + f"<td>{sum(data['parts'][part][name] for part in _PARTS):,}</td></tr>"
        for name in classes
    ]
    told = "".join(f'<p class="warning">{escape(warning)}.</p>' for warning in report["warnings"])
    return (
        f"<section><h2>The folder</h2><p>{data['faces']:,} faces, divided {escape(data['divided'])}; {data['tight']:,} "
        "were cut out already, the others were sought in photos.</p>"
        + told
        + tables.table(("class", *_PARTS.values(), "all"), rows)
        + _listed("could not be read", [f"{each['name']}: {each['reason']}" for each in data["unreadable"]])
        + _listed("show no face that was found", data["faceless"])
        + _listed("are in folders left out", [f"{name}: {count}" for name, count in data["left_out"].items()])
        + "</section>"
    )


def _listed(what: str, names: list[str]) -> str:
    if not names:
        return ""
    items = "".join(f"<li>{escape(name)}</li>" for name in names[:_LISTED])
    more = f"<li>and {len(names) - _LISTED} more</li>" if len(names) > _LISTED else ""
    return f"<details><summary>{len(names)} {what}</summary><ul>{items}{more}</ul></details>"


def _how(report: Mapping[str, Any]) -> str:
    schedule, share = report["schedule"], report["way_from_base"]
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    lines = {
        "Base": f"{report['base']['name']}, version {report['base']['version']}, {report['base']['sha256'][:16]}",
        "Network": f"{report['model']['name']}, {report['model']['sha256'][:16]}",
        "Training": f"{schedule['epochs']} of {schedule['of']} epochs in batches of {schedule['batch']}, seed "
        f"{schedule['seed']}; {report['seconds']['all']:.0f} s with reading the pictures",
        "Weights": f"{100 * share:.0f} % of the way from the base's to the tuned ones, chosen on the validation part",
        "Who is who": f"mean cosine of the embeddings before and after {report['test']['looks']:.3f}",
        "Command": report["command"],
        "Versions": versions,
        "Machine": ", ".join(value for value in report["machine"].values() if value),
    }
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in lines.items() if text) + "</dl>"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _signed(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")
