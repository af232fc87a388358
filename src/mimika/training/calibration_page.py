"""The tables of the page on calibration, made from the measured results."""

from __future__ import annotations

from typing import Any

from mimika.data.labels import FERPLUS

START, END = "<!-- measured: {name} -->\n", "<!-- end of measured -->"
_SETS = {"ferplus_clean": "FER+, clear cases", "ferplus_majority": "FER+, majority rule", "fer2013": "FER-2013, seven"}
_WAYS = ("data", "uniform", "estimate")


def updated(page: str, calibration: dict[str, Any], prior: dict[str, Any]) -> str:
    """Return the page with the tables between its marks made anew from the two reports."""
    tables = {
        "honesty": _honesty(calibration["test"]),
        "prior": _prior(prior["test"]),
        "recall": _recall(prior["test"]),
    }
    for name, table in tables.items():
        before, start, rest = page.partition(START.format(name=name))
        page = before + start + table + END + rest.partition(END)[2] if start else page
    return page


def _honesty(test: dict[str, Any]) -> str:
    rows = [
        "| test pictures | number | right | right among the surest 80 % | ECE before | ECE |",
        "|---|---|---|---|---|---|",
    ]
    for key, name in _SETS.items():
        found = test[key]
        surest = found["accuracy_of_most_confident"]["0.8"]
        rows.append(
            f"| {name} | {found['rows']:,} | {found['accuracy']:.1%} | {surest:.1%} | {found['ece_before']:.1%} "
            f"| {found['ece']:.1%} |"
        )
    unsure = test["unsure"]
    told = (
        f"\n{unsure['share']:.0%} of the pictures under the majority rule are `unsure`: of them "
        f"{unsure['wrong_when_unsure']:.0%} would have been read wrongly, of the others "
        f"{unsure['wrong_when_named']:.0%}.\n"
    )
    return "\n".join(rows) + "\n" + told


def _prior(test: dict[str, Any]) -> str:
    rows = ["| pictures | figure | `data` | `uniform` | estimated |", "|---|---|---|---|---|"]
    for key, name in (("as_they_are", "as they are"), ("balanced", "all equally common")):
        for figure in ("accuracy", "balanced_accuracy", "macro_f1"):
            values = " | ".join(f"{test[key][way][figure]:.3f}" for way in _WAYS)
            rows.append(f"| {name} | {figure.replace('_', ' ').replace('f1', 'F1')} | {values} |")
    return "\n".join(rows) + "\n"


def _recall(test: dict[str, Any]) -> str:
    rows = [
        "| expression | pictures | found with `data` | right when named | found with `uniform` | right when named |"
    ]
    rows.append("|---|---|---|---|---|---|")
    data, uniform = test["as_they_are"]["data"], test["as_they_are"]["uniform"]
    for name in FERPLUS:
        values = [found[figure][name] for found in (data, uniform) for figure in ("recall", "precision")]
        rows.append(f"| {name} | {test['rows'][name]:,} | " + " | ".join(f"{value:.0%}" for value in values) + " |")
    told = [
        f"{pair.replace(' as ', ' read as ')} {data['read_as'][pair]:.0%} → {uniform['read_as'][pair]:.0%}"
        for pair in ("fear as surprise", "sadness as neutral", "disgust as anger", "anger as disgust")
    ]
    return "\n".join(rows) + "\n\nFrom `data` to `uniform`: " + ", ".join(told) + ".\n"
