"""`mimika cloud`: what second opinions would cost, and whether the endpoint works."""

from __future__ import annotations

from typing import Annotated

import typer

from mimika.cli.choices import FACES, Faces, Json, Threads, options_of
from mimika.cli.cloud_choices import (
    SEND,
    SEND_QUALITY,
    SEND_SIDE,
    CloudChoice,
    MaskBackground,
    SecondOpinionWhen,
    Send,
    SendQuality,
    SendSide,
)

app = typer.Typer(help="Second opinions of a cloud model.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def estimate(
    inputs: Annotated[list[str], typer.Argument(help="Photos, videos, folders or patterns.")],
    second_opinion: SecondOpinionWhen = "unsure",
    fps: Annotated[float | None, typer.Option("--fps", help="Look at about so many frames a second.")] = None,
    faces: Faces = FACES,
    send: Send = SEND,
    send_side: SendSide = SEND_SIDE,
    send_quality: SendQuality = SEND_QUALITY,
    mask_background: MaskBackground = False,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Tell what second opinions on these inputs would cost; everything is read on this machine, nothing is sent."""
    from mimika.cli.estimating import estimate_lines, estimated
    from mimika.cli.terminal import complain, out, print_json

    options = options_of(second_opinion=second_opinion, fps=fps, faces_max=faces, threads=threads)
    cloud = CloudChoice(send, send_side, send_quality, mask_background).options(options)
    result, errors = estimated(inputs, options, cloud)
    for error in errors:
        complain(str(error))
    if as_json:
        print_json(result)
    else:
        out().print("\n".join(estimate_lines(result)), soft_wrap=True)
    if errors:
        raise typer.Exit(1)


@app.command()
def check(as_json: Json = False) -> None:
    """Ask the endpoint one question with a drawn face, no person's, and tell how it went."""
    from mimika.cli.consent import asker
    from mimika.cli.estimating import drawn_face
    from mimika.cli.terminal import out, print_json

    options = options_of()
    cloud = CloudChoice().options(options)
    with asker(options, cloud, yes=False, faces=False) as asks:
        opinion = asks.opinion(drawn_face(cloud.side, cloud.quality), "check")
        attempts = asks.counts["asked"]
    result = {"url": cloud.url, "model": cloud.model, "style": cloud.style, "requests": attempts} | opinion.as_json()
    if as_json:
        print_json(result)
        return
    exact = "one word, mended" if opinion.repaired else "as asked for"
    cost = "nothing" if not opinion.cost_usd else f"{opinion.cost_usd:.6f} USD"
    lines = (
        f"endpoint   {cloud.url}, style {cloud.style}",
        f"model      {cloud.model}",
        f"answer     {exact}: {opinion.label}; {opinion.evidence or 'no sentence'}",
        f"took       {opinion.ms:.0f} ms, {opinion.tokens[0]} + {opinion.tokens[1]} tokens, {cost}",
    )
    out().print("\n".join(lines), soft_wrap=True)
