"""`mimika evaluate`: how good a model is on labelled faces."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mimika.cli.choices import MODEL, Force, Threads
from mimika.cli.cloud_choices import (
    BUDGET_USD,
    SEND_QUALITY,
    SEND_SIDE,
    BudgetUsd,
    CloudChoice,
    SendQuality,
    SendSide,
    YesSendFaces,
)

if TYPE_CHECKING:
    from mimika.evaluation.datasets import EvaluationSet
    from mimika.evaluation.subjects import Subject


def evaluate(
    data: Annotated[Path, typer.Argument(help="fer2013.csv, parquet files, or a folder with a folder a class.")],
    model: Annotated[str, typer.Option("--model", help="A shipped name, an .onnx file, or a peer.")] = MODEL,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all numbers to this file; - prints them.", metavar="FILE")
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write a page with charts into this folder.")] = None,
    split: Annotated[str, typer.Option("--split", help="Part to read: train, validation, test or all.")] = "test",
    labels: Annotated[
        str | None, typer.Option("--labels", help="Label set of FER-2013: fer2013, ferplus or ferplus-majority.")
    ] = None,
    crop: Annotated[
        str | None, typer.Option("--crop", help="tight (faces cut out) or detect (photos) [default: by picture].")
    ] = None,
    class_map: Annotated[Path | None, typer.Option("--map", help='TOML file of lines "their name" = "ours".')] = None,
    prior: Annotated[
        str, typer.Option("--prior", help="Shares of the classes: data, uniform or a TOML file.")
    ] = "data",
    models: Annotated[
        str | None,
        typer.Option("--models", help="Several instead of --model, joined by commas; also openai:MODEL and hybrid."),
    ] = None,
    pictures: Annotated[
        int | None, typer.Option("--pictures", help="Take at most so many, evenly spread over the set.")
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option("--answers", help="Keep what a cloud model says in this file [default: OUT/answers.jsonl]."),
    ] = None,
    save_fusion: Annotated[
        Path | None,
        typer.Option(
            "--save-fusion",
            help="Fit how both opinions are mixed and write the weights for MIMIKA_CLOUD_FUSION.",
            metavar="FILE",
        ),
    ] = None,
    budget_usd: BudgetUsd = BUDGET_USD,
    send_side: SendSide = SEND_SIDE,
    send_quality: SendQuality = SEND_QUALITY,
    yes_send_faces: YesSendFaces = False,
    threads: Threads = None,
    force: Force = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Measure a model on labelled faces: accuracy with intervals, calibration, confusions, time."""
    import numpy as np

    from mimika import settings
    from mimika.cli.evaluate_models import Readers, fusion_table, models_table, run_models
    from mimika.cli.evaluate_table import scores_table
    from mimika.cli.terminal import out, print_json
    from mimika.data.errors import OptionError
    from mimika.evaluation.datasets import open_set
    from mimika.evaluation.spelling import read_map
    from mimika.evaluation.subjects import open_subject
    from mimika.stages.write.files import claim, write_json

    printed = json_file is not None and str(json_file) == "-"
    for target in (json_file if not printed else None, report / "index.html" if report else None, save_fusion):
        if target is not None:
            claim(target, force)
    if report is not None:
        from mimika.evaluation import charts

        charts.require()
    found = open_set(data, split=split, labels=labels, class_map=read_map(class_map) if class_map else None, crop=crop)
    used = settings.load().threads if threads is None else threads
    if pictures is not None and len(found) > pictures > 0:
        found = found.take(np.unique(np.linspace(0, len(found) - 1, pictures).astype(int)))
    if models is None:
        if save_fusion is not None:
            raise OptionError("save-fusion: say with --models which readers, such as expression,openai:MODEL,hybrid")
        results = [measured(open_subject(model, found.classes, threads=used, prior=prior), found, quiet)]
    else:
        names = tuple(dict.fromkeys(name.strip() for name in models.split(",") if name.strip()))
        kept = answers or settings.load().out / "answers.jsonl"
        choice = CloudChoice(side=send_side, quality=send_quality, yes=yes_send_faces)
        results = run_models(Readers(names, kept, budget_usd, choice, used, prior, save_fusion), found, quiet)
    written, whole = [], results[0] if models is None else {"models": results}
    if json_file is not None and not printed:
        write_json(json_file, whole)
        written.append(json_file)
    if report is not None:
        from mimika.evaluation.report import write_report

        written.append(write_report(results, report))
    if save_fusion is not None:
        written.append(save_fusion)
    if printed:
        print_json(whole)
    elif not quiet:
        console = out()
        console.print(scores_table(results[0]) if models is None else models_table(results))
        for fit in (result["fusion_fit"] for result in results if "fusion_fit" in result):
            console.print("", fusion_table(fit), "", sep="\n")
        for target in written:
            console.print(f"written: {target}", soft_wrap=True)


def measured(subject: Subject, data: EvaluationSet, quiet: bool) -> dict[str, Any]:
    """Measure, show progress, and name what had to be skipped."""
    import cv2
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from mimika.cli.terminal import err, warn
    from mimika.evaluation.run import evaluate

    cv2.setNumThreads(1)
    console = err()
    columns = (TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    try:
        with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bar:
            task = bar.add_task(f"{subject.name} on {data.name}", total=len(data))
            result = evaluate(
                subject,
                data,
                command=("mimika", *sys.argv[1:]),
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    finally:
        if hasattr(subject, "close"):
            subject.close()
    for skipped in result["skipped"]:
        warn(f"{skipped['name']}: {skipped['reason']}; skipped", console)
    return result
