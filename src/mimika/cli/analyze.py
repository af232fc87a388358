"""`mimika analyze`: photos, videos, folders and streams into tables and overlays."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mimika.cli.choices import (
    DETECT_SIDE,
    FACES,
    MODEL,
    PRIOR,
    Baseline,
    BaselineExpressions,
    DetectSide,
    Faces,
    Force,
    Json,
    Language,
    Model,
    Prior,
    Smooth,
    Steady,
    Threads,
    options_of,
)
from mimika.cli.cloud_choices import (
    BUDGET_USD,
    BUDGET_USD_MINUTE,
    SEND,
    SEND_QUALITY,
    SEND_SIDE,
    BudgetUsd,
    BudgetUsdMinute,
    CloudChoice,
    MaskBackground,
    SecondOpinionWhen,
    Send,
    SendQuality,
    SendSide,
    YesSendFaces,
)
from mimika.cli.events import EventChoice, EventsTo, Marks, Rules, WebhookUrl, without_secrets
from mimika.cli.exit_codes import ExitCode, code_of_results

if TYPE_CHECKING:
    from mimika.data.options import Options
    from mimika.outputs import Outputs


def analyze(
    inputs: Annotated[list[str], typer.Argument(help="Photos, videos, folders, patterns, addresses, or - for stdin.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for results [default: mimika-out].")] = None,
    save: Annotated[
        str,
        typer.Option(
            "--save",
            help="What to write: table, overlay, mesh, episodes, portrait, report, openface, feat, elan, boris, "
            "webvtt, srt, facereader, joined by commas.",
        ),
    ] = "table",
    format: Annotated[str, typer.Option("--format", help="Table format: csv, parquet or jsonl.")] = "csv",
    every: Annotated[int, typer.Option("--every", help="Analyse each n-th frame.")] = 1,
    fps: Annotated[float | None, typer.Option("--fps", help="Analyse about so many frames a second.")] = None,
    start: Annotated[float | None, typer.Option("--start", help="Begin at this second.")] = None,
    end: Annotated[float | None, typer.Option("--end", help="Stop before this second.")] = None,
    faces: Faces = FACES,
    language: Language = None,
    detect_side: DetectSide = DETECT_SIDE,
    model: Model = MODEL,
    prior: Prior = PRIOR,
    smooth: Smooth = "none",
    steady: Steady = False,
    baseline: Baseline = "none",
    baseline_expressions: BaselineExpressions = False,
    events: EventsTo = None,
    rules: Rules = None,
    marks: Marks = None,
    webhook: WebhookUrl = None,
    second_opinion: SecondOpinionWhen = "never",
    budget_usd: BudgetUsd = BUDGET_USD,
    budget_usd_minute: BudgetUsdMinute = BUDGET_USD_MINUTE,
    send: Send = SEND,
    send_side: SendSide = SEND_SIDE,
    send_quality: SendQuality = SEND_QUALITY,
    mask_background: MaskBackground = False,
    yes_send_faces: YesSendFaces = False,
    threads: Threads = None,
    blur: Annotated[bool, typer.Option("--blur", help="Make faces on a report's pictures unrecognisable.")] = False,
    force: Force = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    as_json: Json = False,
) -> None:
    """Measure all faces in photos and videos and write a table, one row a face and frame."""
    from mimika import settings
    from mimika.data.errors import OptionError
    from mimika.outputs import Outputs

    options = options_of(
        every=every,
        fps=fps,
        start_s=start,
        end_s=end,
        faces_max=faces,
        language=language,
        detect_side=detect_side,
        model=model,
        prior=prior,
        smooth=smooth,
        steady=steady,
        baseline=baseline,
        baseline_expressions=baseline_expressions,
        second_opinion=second_opinion,
        budget_usd=budget_usd,
        budget_usd_minute=budget_usd_minute,
        threads=threads,
    )
    chosen = frozenset(part.strip() for part in save.split(",") if part.strip())
    outputs = Outputs(
        out or settings.load().out, chosen, format, force, ("mimika", *without_secrets(sys.argv[1:])), blur
    )
    choice = EventChoice(events, rules, marks, webhook, force)
    if choice.prints and as_json:
        raise OptionError("events: expected a file together with --json, received -")
    cloud = CloudChoice(send, send_side, send_quality, mask_background, yes_send_faces)
    raise typer.Exit(_run(inputs, options, outputs, choice, cloud, quiet, as_json))


def _run(
    inputs: list[str],
    options: Options,
    outputs: Outputs,
    events: EventChoice,
    cloud: CloudChoice,
    quiet: bool,
    as_json: bool,
) -> ExitCode:
    """Run the inputs and print the summary."""
    from contextlib import ExitStack

    from mimika.cli.cloud_choices import tell
    from mimika.cli.progress import Bar
    from mimika.cli.summary import summary_json, summary_table
    from mimika.cli.terminal import err, out, print_json, warn
    from mimika.jobs import run_jobs
    from mimika.stages.capture.inputs import expand

    console, names = err(), expand(inputs)
    events.spare(names)
    with ExitStack() as stack:
        follower = events.open(None if quiet else console)
        if follower is not None:
            stack.enter_context(follower)
        second = stack.enter_context(cloud.open(options))
        bar = stack.enter_context(Bar(options, console, hidden=quiet))
        results = run_jobs(names, options, outputs, bar, events=follower, second=second)
    if second is not None:
        tell(second, console, quiet)
    remarks = [f"{result.source}: {remark}" for result in results for remark in result.remarks]
    for message in [*events.warnings(follower), *remarks]:
        warn(message, console)
    if as_json:
        print_json(summary_json(results))
    elif not (quiet or events.prints):
        out().print(summary_table(results, options.language))
    return code_of_results(results)
