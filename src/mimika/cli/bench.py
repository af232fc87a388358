"""`mimika bench`: how fast it is here, stage by stage."""

from __future__ import annotations

from typing import Annotated

import typer

from mimika.cli.choices import (
    DETECT_SIDE,
    FACES,
    MODEL,
    PRIOR,
    DetectSide,
    Faces,
    Json,
    Model,
    Prior,
    Threads,
    options_of,
)


def bench(
    source: Annotated[str, typer.Argument(help="A photo or a video.", metavar="INPUT")],
    frames: Annotated[int | None, typer.Option("--frames", help="Stop after so many frames.")] = None,
    repeat: Annotated[int, typer.Option("--repeat", help="Read a photo so many times.")] = 50,
    faces: Faces = FACES,
    detect_side: DetectSide = DETECT_SIDE,
    model: Model = MODEL,
    prior: Prior = PRIOR,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Measure milliseconds a stage, frames a second and memory; a CSV table is written, then thrown away."""
    from mimika.cli.measure import measure, report
    from mimika.cli.terminal import out, print_json

    options = options_of(faces_max=faces, detect_side=detect_side, model=model, prior=prior, threads=threads)
    result = measure(source, options, frames, repeat)
    if as_json:
        print_json(result)
    else:
        out().print(report(result))
