"""`mimika prior`: how common each expression is in a folder or a recording, for `--prior`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mimika.cli.choices import DETECT_SIDE, FACES, MODEL, DetectSide, Faces, Force, Json, Model, Threads
from mimika.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from mimika.data.geometry import Floats
    from mimika.data.options import Options

FACES_MIN = 100
"""Fewer faces give no estimate: among them a rare expression may be missing by chance."""
DOUBTFUL = 10
"""A share so many times that of the training data is told of: it is true of some collections and a fault in others."""

app = typer.Typer(help="How common each expression is: estimate.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def main() -> None:
    """How common each expression is in a folder or a recording, for --prior."""


@app.command()
def estimate(
    inputs: Annotated[list[str], typer.Argument(help="Photos, videos, folders, patterns, addresses, or - for stdin.")],
    out: Annotated[Path, typer.Option("--out", help="TOML file to write, for --prior.", metavar="FILE")] = Path(
        "prior.toml"
    ),
    fps: Annotated[float, typer.Option("--fps", help="Look at about so many frames a second of a video.")] = 2.0,
    faces: Faces = FACES,
    detect_side: DetectSide = DETECT_SIDE,
    model: Model = MODEL,
    threads: Threads = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Estimate the shares of the expressions from the faces themselves and write them as a file for --prior."""
    from mimika import settings
    from mimika.cli.terminal import err, print_json, warn
    from mimika.cli.terminal import out as printed
    from mimika.data.options import Options
    from mimika.stages.capture.inputs import expand
    from mimika.stages.write.files import claim

    claim(out, force)
    used = settings.load().threads if threads is None else threads
    options = Options(fps=fps, faces_max=faces, detect_side=detect_side, model=model, threads=used)
    with err().status("reading faces"):
        result = _estimated(list(expand(inputs)), options)
    _write(out, result)
    for label, share in result["shares"].items():
        if share > DOUBTFUL * result["data"][label]:
            times = f"{share / max(result['data'][label], 1e-5):.0f} times as common as in the training data"
            warn(f"{label} is estimated {times}; look at such faces before you use the file")
    if as_json:
        print_json(result | {"out": str(out)})
    else:
        printed().print(_report(result), f"written: {out}", soft_wrap=True)
    if result["failed"]:
        raise typer.Exit(ExitCode.SOME_FAILED)


def _estimated(inputs: list[str], options: Options) -> dict[str, Any]:
    """Read all faces of the inputs and return the shares of the expressions, here and in the training data."""
    from mimika.data.errors import InputError, ModelError
    from mimika.data.labels import FERPLUS
    from mimika.engine import registry
    from mimika.stages.recognize.calibrate import Calibration
    from mimika.stages.recognize.prior import estimated_shares

    card = registry.card(options.model)
    labels = card.labels or FERPLUS
    known = Calibration.of(card, len(labels)).prior
    if known is None:
        raise ModelError(f"{card.path}: its card has no settings.prior, which an estimate starts from")
    probabilities, failed = _probabilities(inputs, options)
    if len(probabilities) < FACES_MIN:
        names = ", ".join(inputs[:3]) + (", …" if len(inputs) > 3 else "")
        raise InputError(names, f"{len(probabilities)} faces found, an estimate needs at least {FACES_MIN}")
    shares = estimated_shares(probabilities[:, [FERPLUS.index(label) for label in labels]], known)
    return {
        "inputs": inputs,
        "failed": failed,
        "model": card.name,
        "sha256": card.sha256,
        "faces": len(probabilities),
        "shares": {label: round(float(share), 5) for label, share in zip(labels, shares, strict=True)},
        "data": {label: round(float(share), 5) for label, share in zip(labels, known / known.sum(), strict=True)},
    }


def _probabilities(inputs: list[str], options: Options) -> tuple[Floats, int]:
    """Return the (n, 8) probabilities of all faces, and how many inputs could not be used; each is told of."""
    import numpy as np

    from mimika.cli.terminal import complain
    from mimika.data.errors import InputError
    from mimika.data.labels import FERPLUS
    from mimika.pipeline import Pipeline
    from mimika.stages.capture.inputs import open_capture

    pipeline, failed = Pipeline(options), 0
    found = [np.zeros((0, len(FERPLUS)), np.float32)]
    for name in inputs:
        try:
            with open_capture(name, options) as capture:
                found += [observation.expressions.probabilities for observation in pipeline.run(capture)]
        except InputError as error:
            complain(str(error))
            failed += 1
    return np.concatenate(found), failed


def _write(path: Path, result: dict[str, Any]) -> None:
    from mimika.stages.write.columns import plain
    from mimika.stages.write.files import LineFile

    count = len(result["inputs"])
    source = plain(result["inputs"][0]) if count == 1 else f"{count} inputs"
    lines = [
        f"# Shares of the expressions among {result['faces']} faces of {source}, estimated by mimika prior estimate",
        f"# with the network {result['model']} ({result['sha256'][:12]}). Use: mimika analyze INPUT --prior FILE",
        *(f"{label} = {share:.5f}" for label, share in result["shares"].items()),
    ]
    file = LineFile(path, force=True)
    file.write(("\n".join(lines) + "\n").encode())
    file.close()


def _report(result: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("expression", "training data", f"these {result['faces']} faces"):
        table.add_column(head, justify="left" if head == "expression" else "right")
    for label, share in result["shares"].items():
        table.add_row(label, f"{result['data'][label]:.1%}", f"{share:.1%}")
    return table
