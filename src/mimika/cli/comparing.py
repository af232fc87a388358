"""The work behind `mimika compare`: opens the sets, shows progress, writes the results."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from mimika.data.errors import OptionError, OutputError
from mimika.evaluation import charts
from mimika.evaluation.compare import Comparison, compare
from mimika.evaluation.datasets import LABELS, SPLITS, EvaluationSet, open_set
from mimika.evaluation.kept import to_json
from mimika.evaluation.report import write_report
from mimika.evaluation.spelling import read_map
from mimika.stages.write.sidecar import circumstances

CORRUPTIONS = ("first", "all", "none")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user asked for, as in the help of `mimika compare`."""

    data: tuple[str, ...]
    models: tuple[str, ...]
    report: Path
    labels: tuple[str, ...] | None = None
    split: str = "test"
    crop: str | None = None
    class_map: Path | None = None
    corruptions: str = "first"
    sample: int | None = None
    duplicates_with: tuple[str, ...] = ()
    results: Path | None = None
    limit: int | None = None
    environments: Path = Path("build/peers")
    fresh: bool = False
    command: str = ""


def run(choice: Choice, console: Console) -> tuple[Path, dict[str, Any]]:
    """Compare; returns the page and the results.

    Raises:
        MimikaError: if a set cannot be opened, or the folder cannot be written.
    """
    if choice.corruptions not in CORRUPTIONS:
        raise OptionError(f"--corruptions: expected one of {', '.join(CORRUPTIONS)}, received {choice.corruptions!r}")
    for name, value in (("--limit", choice.limit), ("--sample", choice.sample)):
        if value is not None and value < 1:
            raise OptionError(f"{name}: expected at least 1, received {value}")
    charts.require()
    opened = [(first, found) for path in choice.data for first, found in enumerate(_sets(choice, path))]
    sets = [found for _, found in opened]
    corrupted = [
        place
        for place, (first, _) in enumerate(opened)
        if choice.corruptions == "all" or (choice.corruptions == "first" and first == 0)
    ]
    known = [
        (place, _known(choice, spec, found))
        for place, (first, found) in enumerate(opened)
        if first == 0
        for spec in choice.duplicates_with
    ]
    cv2.setNumThreads(1)
    if choice.fresh:
        shutil.rmtree(choice.report / "parts", ignore_errors=True)
    plan = Comparison(
        sets, choice.models, choice.report, corrupted, choice.sample, known, choice.limit, 0, choice.environments
    )
    with _bar(console) as bar:
        task = bar.add_task("", total=None)
        result = compare(
            plan, lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
        )
    result |= circumstances(choice.command, threads=1)
    return _written(choice, result), result


def _sets(choice: Choice, path: str) -> Iterator[EvaluationSet]:
    """Yield the set under each of the wanted label sets; FER+'s majority rule comes along with its clean rows."""
    names = read_map(choice.class_map) if choice.class_map else None
    for labels in choice.labels or (None,):
        yield open_set(path, split=choice.split, labels=labels, class_map=names, crop=choice.crop)
    if choice.labels is None:
        first = open_set(path, split=choice.split, class_map=names, crop=choice.crop)
        if first.votes is not None:
            yield open_set(path, split=choice.split, labels=LABELS[1], crop=choice.crop)


def _known(choice: Choice, spec: str, data: EvaluationSet) -> EvaluationSet:
    """Open a set that must not share pictures with `data`, under the same labels."""
    path, _, split = spec.rpartition(":")
    path, split = (path, split) if path and split in SPLITS else (spec, "train")
    labels = data.origin.get("labels")
    try:
        return open_set(path, split=split, labels=labels)
    except OptionError:
        # Another kind of data, with labels of its own.
        return open_set(path, split="all")


def _written(choice: Choice, result: dict[str, Any]) -> Path:
    for folder in (choice.report, choice.results):
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "compare.json").write_text(to_json(result), "utf-8")
                if result["duplicates"]:
                    named = {name: result[name] for name in ("command", "versions", "duplicates")}
                    (folder / "duplicates.json").write_text(to_json(named), "utf-8")
            except OSError as error:
                raise OutputError(str(folder), (error.strerror or str(error)).lower()) from error
    return write_report(result, choice.report)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:.0f} %"),
        TimeRemainingColumn(compact=True),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
