"""`mimika train --data FOLDER --base NAME`: a network goes on learning from a user's own folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mimika.training.finetune_data import OwnFaces
    from mimika.training.finetune_run import Order
    from mimika.training.finetune_split import Division

OUT = Path("mimika-model")
NAMED = 10
"""So many skipped pictures are named on the terminal; the report names all."""


def finetune(order: Order, quiet: bool) -> None:
    """Read, train, report; progress and warnings on standard error, the result on standard output."""
    import cv2
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from mimika.cli.terminal import err, out
    from mimika.training.finetune_run import finetune

    cv2.setNumThreads(1)
    console = err()
    columns = (TextColumn("finding faces"), BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    bar = Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True)
    row = bar.add_task("", total=None)

    def tell(faces: OwnFaces, division: Division) -> None:
        bar.stop()
        _tell(faces, division, quiet)

    with bar:
        report = finetune(order, lambda done, total: bar.update(row, completed=done, total=total), tell)
    if not quiet:
        _show(report, out())


def checked_folder(data: Path | None, recipe: Path | None) -> Path:
    """Return the folder to learn from.

    Raises:
        OptionError: if there is none, or a recipe as well.
    """
    from mimika.data.errors import OptionError

    if data is None:
        raise OptionError("--base needs --data FOLDER, a folder with a folder a class")
    if recipe is not None:
        raise OptionError(f"--base goes on from a network, so no recipe is needed; received {recipe}")
    return data


def command() -> tuple[str, ...]:
    """Return the command as it was given, without the place where a folder of the user's lies."""
    words = [Path(word).name if word.startswith(("/", "~")) else word for word in sys.argv[1:]]
    return ("mimika", *words)


def _tell(faces: OwnFaces, division: Division, quiet: bool) -> None:
    from mimika.cli.terminal import err, warn

    console = err()
    for name, reason in faces.unreadable[:NAMED]:
        warn(f"{name}: {reason}; skipped", console)
    for name in faces.faceless[:NAMED]:
        warn(f"{name}: no face is found in it; skipped", console)
    for what, count in (("cannot be read", len(faces.unreadable)), ("show no face", len(faces.faceless))):
        if count > NAMED:
            warn(f"{count} pictures {what}; the report names all of them", console)
    for warning in division.warnings:
        warn(warning, console)
    if quiet:
        return
    counts = ", ".join(f"{name} {count:,}" for name, count in faces.counts().items())
    console.print(f"{len(faces):,} faces: {counts}", soft_wrap=True)
    parts = ", ".join(
        f"{int(division.rows(part).sum()):,} {what}"
        for part, what in (("train", "to learn from"), ("validation", "to choose by"), ("test", "held out"))
    )
    console.print(f"{parts}; divided {division.how}", soft_wrap=True)


def _show(report: dict[str, Any], console: Any) -> None:
    test = report["test"]
    gain, (low, high) = test["gain"]["top1"], test["gain"]["ci95"]
    for name in ("before", "after"):
        scores = test[name]
        ends = "..".join(f"{100 * end:.1f}" for end in scores["top1_ci95"])
        console.print(
            f"{name:6}  {100 * scores['top1']:5.1f} %  (95 %: {ends})  macro-F1 {scores['macro_f1']:.3f}  "
            f"balanced {100 * scores['balanced_accuracy']:.1f} %  Brier {scores['brier']:.3f}",
            soft_wrap=True,
        )
    console.print(
        f"change  {100 * gain:+5.1f} points  (95 %: {100 * low:+.1f}..{100 * high:+.1f})  on {test['after']['n']:,} "
        "held-out pictures",
        soft_wrap=True,
    )
    for file in (report["file"], report["page"]):
        console.print(f"written: {file}", soft_wrap=True)
    console.print(f"use it: mimika analyze INPUT --model {report['file']}", soft_wrap=True)


def missing(error: ModuleNotFoundError) -> Exception:
    """Return what is said when the extra is not installed."""
    from mimika.data.errors import OptionError

    return OptionError(f"training needs the extra `train` ({error.name} is missing): pip install 'mimika[train]'")
