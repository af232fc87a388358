"""`mimika synth`: films of a real face whose movements are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mimika.cli.choices import Force


def synth(
    photos: Annotated[Path, typer.Argument(help="A photo with a face, or a folder of photos, one film each.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the films and their truth.")] = Path("mimika-synth"),
    fps: Annotated[float, typer.Option("--fps", help="Frames a second (25..200).")] = 100.0,
    seconds: Annotated[float, typer.Option("--seconds", help="Length of each film (1..600).")] = 6.0,
    side: Annotated[int, typer.Option("--side", help="Width and height in pixels (96..1024).")] = 256,
    micro: Annotated[int, typer.Option("--micro", help="Micro-expressions a film.")] = 3,
    macro: Annotated[int, typer.Option("--macro", help="Full expressions a film.")] = 1,
    blinks: Annotated[int, typer.Option("--blinks", help="Blinks a film.")] = 1,
    head: Annotated[float, typer.Option("--head", help="Head motion: 0 still, 1 someone who sits (0..5).")] = 1.0,
    noise: Annotated[float, typer.Option("--noise", help="Noise of the camera in grey values (0..30).")] = 1.0,
    crf: Annotated[int, typer.Option("--crf", help="H.264 compression: 0 none, 51 most.")] = 18,
    seed: Annotated[int, typer.Option("--seed", help="Another number makes other films.")] = 0,
    force: Force = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Make films of real faces with micro-expressions, blinks, expressions and head motion, and write the truth."""
    import zlib

    import cv2

    from mimika.cli.exit_codes import code_of
    from mimika.cli.terminal import complain
    from mimika.cli.terminal import out as console
    from mimika.data.errors import InputError
    from mimika.data.options import Options
    from mimika.pipeline import Pipeline
    from mimika.training import synth as maker
    from mimika.training.synth_plan import Recipe

    cv2.setNumThreads(1)
    film = maker.Film(fps, side, noise, crf, Recipe(seconds, micro, macro, blinks, head))
    pipeline, failed = Pipeline(Options(faces_max=1)), None
    for photo in maker.photos(photos):
        path = out / f"{photo.stem}-{fps:g}fps-{seed}.mp4"
        if path.with_suffix(".csv").exists() and not force:
            if not quiet:
                console().print(f"there already: {path}", soft_wrap=True)
            continue
        try:
            who = maker.sitter(photo, side, pipeline)
        except InputError as error:
            complain(str(error))
            failed = error
            continue
        movements = maker.make(who, film, zlib.crc32(f"{photo.stem} {seed}".encode()), path)
        if not quiet:
            console().print(f"written: {path}, {len(movements)} movements", soft_wrap=True)
    raise typer.Exit(code_of(failed))
