"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mimika.data.options import Options

_DEFAULT = Options()

Faces = Annotated[int, typer.Option("--faces", help="At most so many faces a frame (1..64).")]
Language = Annotated[str | None, typer.Option("--language", help="Words on overlays: en, ru, uk or kk.")]
DetectSide = Annotated[
    int, typer.Option("--detect-side", help="Long side in pixels at which faces are sought (160..1280).")
]
Model = Annotated[str, typer.Option("--model", help="Expression network: a shipped name, or an .onnx file.")]
Prior = Annotated[
    str, typer.Option("--prior", help="How common each expression is: data, uniform or a TOML file of shares.")
]
Smooth = Annotated[
    str, typer.Option("--smooth", help="Expressions over time: none, window:N, window:Ts, ema:SECONDS or viterbi.")
]
Steady = Annotated[bool, typer.Option("--steady", help="Calm mesh and head pose by a one-euro filter.")]
Baseline = Annotated[
    str, typer.Option("--baseline", help="Neutral face: none, auto, first:SECONDS, image:PATH or a saved FILE.json.")
]
BaselineExpressions = Annotated[
    bool, typer.Option("--baseline-expressions", help="Take the baseline out of expressions too.")
]
Threads = Annotated[int | None, typer.Option("--threads", help="Compute threads a network, 0 for all cores.")]
Force = Annotated[bool, typer.Option("--force", help="Replace outputs that exist.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

FACES, DETECT_SIDE, MODEL, PRIOR = _DEFAULT.faces_max, _DEFAULT.detect_side, _DEFAULT.model, _DEFAULT.prior


def options_of(*, language: str | None = None, threads: int | None = None, **given: Any) -> Options:
    """Return the options of a command, with the machine's own settings where it was told nothing.

    Raises:
        OptionError: naming the field, its range and the value received.
    """
    from mimika import settings

    defaults = settings.load()
    return Options(
        language=language or defaults.language, threads=defaults.threads if threads is None else threads, **given
    )
