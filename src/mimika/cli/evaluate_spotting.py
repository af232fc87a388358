"""`mimika evaluate-spotting`: how well micro-expressions are found in an annotated data set."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from mimika.cli.choices import Force


def evaluate_spotting(
    annotations: Annotated[
        Path, typer.Argument(help="CSV or XLSX of CAS(ME)² or SAMM Long Videos, or a truth of synth.")
    ],
    videos: Annotated[Path, typer.Argument(help="Folder of the videos, or of a folder of pictures each.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all numbers to this file; - prints them.", metavar="FILE")
    ] = None,
    fps: Annotated[
        float | None, typer.Option("--fps", help="Pictures a second, where videos are folders of pictures.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Keep what was measured here, so that a stopped run goes on.")
    ] = None,
    force: Force = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Score micro-expression spotting by the Grand Challenge's protocol: precision, recall, F1, STRS."""
    import cv2
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from mimika.cli.terminal import err, print_json, warn
    from mimika.evaluation.spotting_run import evaluate_spotting as evaluate
    from mimika.stages.write.files import claim, write_json

    cv2.setNumThreads(1)
    printed = json_file is not None and str(json_file) == "-"
    if json_file is not None and not printed:
        claim(json_file, force)
    console = err()
    columns = (BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bar:
        task = bar.add_task("")
        result = evaluate(
            annotations,
            videos,
            cache,
            fps,
            ("mimika", *sys.argv[1:]),
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    for skipped in result["skipped"]:
        warn(f"{skipped['video']}: {skipped['reason']}; skipped", console)
    if printed:
        print_json(result)
        return
    if json_file is not None:
        write_json(json_file, result)
    if not quiet:
        _say(result)


def _say(result: dict[str, Any]) -> None:
    from mimika.cli.terminal import out

    console = out()
    films = "1 video" if result["videos"] == 1 else f"{result['videos']} videos"
    console.print(
        f"{films}, {result['annotated']} micro-expressions annotated, {result['found']} found, "
        f"{result['true_positives']} of them right; brief movements are seen from {result['visible_from_s']:g} s on"
    )
    strs = "" if result["strs"] is None else f", STRS {result['strs']:.3f}"
    console.print(
        f"precision {result['precision']:.3f}, recall {result['recall']:.3f}, F1 {result['f1']:.3f}{strs}, "
        f"{result['false_alarms_a_minute']:.1f} false alarms a minute"
    )
