"""`mimika compare`: several models on the same labelled faces, and a page that shows how they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

_ENVIRONMENTS = Path("build/peers")


def compare(
    data: Annotated[
        list[str], typer.Argument(help="fer2013.csv, parquet, or folders of class folders.", metavar="DATA...")
    ],
    models: Annotated[str, typer.Option(help="Shipped names, .onnx files, peers (fer, mediapipe); with commas.")],
    report: Annotated[Path, typer.Option(help="Folder of the page, compare.json and all that is kept.")],
    labels: Annotated[str | None, typer.Option(help="Label sets of FER-2013, with commas; default: all there.")] = None,
    split: Annotated[str, typer.Option(help="train, validation, test or all.")] = "test",
    crop: Annotated[str | None, typer.Option(help="tight or detect; default: as each picture shows.")] = None,
    class_map: Annotated[Path | None, typer.Option("--map", help="File naming classes, as in evaluate.")] = None,
    corruptions: Annotated[
        str, typer.Option(help="Measure the corruption table on the first set of labels of each DATA, all, or none.")
    ] = "first",
    sample: Annotated[
        int | None, typer.Option(help="Pictures of each set for the corruption table, evenly spread; default: all.")
    ] = None,
    duplicates_with: Annotated[
        list[str] | None,
        typer.Option(help="Count the pictures that these hold too: PATH (its training part) or PATH:SPLIT."),
    ] = None,
    results: Annotated[Path | None, typer.Option(help="Also write compare.json and duplicates.json here.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first so many pictures of each set.")] = None,
    environments: Annotated[Path, typer.Option(help="Virtual environments of the peers.")] = _ENVIRONMENTS,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what is kept in the report's folder.")] = False,
) -> None:
    """Compare models on labelled faces: accuracy, calibration, time, corruptions; writes a page that opens offline."""
    import sys

    from mimika.cli.comparing import Choice, run
    from mimika.cli.terminal import complain, err, out

    choice = Choice(
        data=tuple(data), models=tuple(name.strip() for name in models.split(",") if name.strip()), report=report,
        labels=tuple(labels.split(",")) if labels else None, split=split, crop=crop, class_map=class_map,
        corruptions=corruptions, sample=sample, duplicates_with=tuple(duplicates_with or ()), results=results,
        limit=limit,
        environments=environments, fresh=fresh, command=" ".join(["mimika", *sys.argv[1:]]),
    )  # fmt: skip
    page, result = run(choice, err())
    for model, reason in result["errors"].items():
        complain(f"{model}: {reason}")
    for line in _lines(result):
        out().print(line, soft_wrap=True)
    out().print(str(page), soft_wrap=True)
    if result["errors"]:
        raise typer.Exit(1)


def _lines(result: dict[str, Any]) -> list[str]:
    """Return a line a set and model."""
    return [
        f"{name}: {title} {100 * scores['top1']:.1f} % "
        f"({100 * scores['top1_ci95'][0]:.1f}–{100 * scores['top1_ci95'][1]:.1f}), "
        f"{scores['latency_ms']['p50']:.2f} ms a picture"
        for name, models in result["scores"].items()
        for title, scores in models.items()
        if "top1" in scores
    ]
