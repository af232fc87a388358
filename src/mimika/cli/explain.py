"""`mimika explain`: one face in a paragraph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mimika.cli.choices import Json, Language, Threads, options_of
from mimika.cli.cloud_choices import (
    BUDGET_USD,
    SEND,
    SEND_QUALITY,
    SEND_SIDE,
    BudgetUsd,
    CloudChoice,
    MaskBackground,
    Send,
    SendQuality,
    SendSide,
    YesSendFaces,
)

if TYPE_CHECKING:
    from mimika.data.observation import Observation
    from mimika.data.options import Options


def explain(
    picture: Annotated[str, typer.Argument(help="A photo, or VIDEO@SECONDS.", metavar="PHOTO|VIDEO@TIME")],
    face: Annotated[int, typer.Option("--face", help="Which face, the largest is 0.")] = 0,
    cloud: Annotated[bool, typer.Option("--cloud", help="Let a cloud model write it, from picture and measurements.")]
    = False,
    language: Language = None,
    budget_usd: BudgetUsd = BUDGET_USD,
    send: Send = SEND,
    send_side: SendSide = SEND_SIDE,
    send_quality: SendQuality = SEND_QUALITY,
    mask_background: MaskBackground = False,
    yes_send_faces: YesSendFaces = False,
    threads: Threads = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Say in a paragraph what a face shows: from the measurements, or by a cloud model that is given them."""
    from mimika import settings
    from mimika.cli.terminal import out, print_json
    from mimika.second import declared
    from mimika.stages.recognize.explaining import paragraph

    options = options_of(language=language, threads=threads, budget_usd=budget_usd, budget_usd_minute=budget_usd)
    purpose = declared(settings.load())
    expression = purpose is None or purpose.mode == "expressions"
    seen = _seen(picture, options)
    row = _row(seen, face, picture)
    text, origin = paragraph(seen, row, options.language, expression), "local"
    if cloud:
        choice = CloudChoice(send, send_side, send_quality, mask_background, yes_send_faces)
        text, origin = _by_cloud(seen, row, options, choice) or (text, origin)
    if as_json:
        print_json({"source": picture, "face": face, "time_s": seen.frame.time_s, "origin": origin, "text": text})
    else:
        out().print(text, soft_wrap=True)


def _by_cloud(seen: Observation, row: int, options: Options, choice: CloudChoice) -> tuple[str, str] | None:
    """Return the paragraph of a cloud model and its origin, None after one line where it cannot be had."""
    from mimika.cli.consent import asker
    from mimika.cli.terminal import warn
    from mimika.data.errors import CloudError
    from mimika.stages.recognize.explaining import paragraph
    from mimika.stages.recognize.sending import picture_of

    wanted = choice.options(options)
    with asker(options, wanted, choice.yes) as asks:
        try:
            facts = paragraph(seen, row, options.language)
            return asks.explanation(picture_of(seen, row, wanted), facts, "explain"), wanted.origin
        except CloudError as error:
            warn(f"{error}; told from the measurements alone")
            return None


def _seen(picture: str, options: Options) -> Observation:
    """Return what is seen on a photo, or in a video at a time.

    Raises:
        InputError: if it cannot be read, or the video has no frame there.
    """
    from mimika.data.errors import InputMissing, OptionError
    from mimika.pipeline import Pipeline
    from mimika.stages.capture.inputs import open_capture

    name, at, time = picture.rpartition("@")
    timed = bool(at) and not Path(picture).exists()
    if timed:
        try:
            options = replace(options, start_s=float(time))
        except ValueError as error:
            raise OptionError(f"{picture}: expected a photo, or VIDEO@SECONDS such as talk.mp4@12.5") from error
    with open_capture(name if timed else picture, options) as capture:
        if capture.info.kind != "photo" and not timed:
            raise OptionError(f"{picture}: is a recording; say which moment, such as {picture}@12.5")
        observation = next(Pipeline(options).run(capture), None)
    if observation is None:
        raise InputMissing(picture, "the recording has no frame at that time")
    return observation


def _row(seen: Observation, face: int, picture: str) -> int:
    """Return the row of the wanted face, counted from the largest.

    Raises:
        InputError: if there are not so many.
    """
    from mimika.data.errors import InputUnsupported

    order = (-seen.faces.boxes[:, 2:].prod(axis=1)).argsort(kind="stable").tolist()
    if not 0 <= face < len(order):
        faces = f"{len(order)} face{'s' * (len(order) > 1)}" if order else "no face"
        raise InputUnsupported(picture, f"shows {faces}, so there is no face {face} to explain")
    return int(order[face])
