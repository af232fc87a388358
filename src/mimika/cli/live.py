"""`mimika live`: numbers of a camera or stream in the terminal while they come."""

from __future__ import annotations

from functools import partial
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
from mimika.cli.events import EventChoice, EventsTo, Marks, Rules, WebhookUrl
from mimika.cli.exit_codes import code_of_signal

if TYPE_CHECKING:
    from mimika.data.observation import Observation
    from mimika.data.options import Options
    from mimika.data.protocols import Sink
    from mimika.stages.recognize.hybrid import SecondOpinion
    from mimika.stages.write.opinions import OpinionsSink


def live(
    camera: Annotated[str, typer.Option("--camera", help="Number of a camera, or the address of a stream.")] = "0",
    record: Annotated[
        Path | None,
        typer.Option("--record", help="Also write .mp4/.mov/.mkv (overlay) or .csv/.parquet/.jsonl (table)."),
    ] = None,
    seconds: Annotated[float | None, typer.Option("--seconds", help="Leave after so many seconds.")] = None,
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
    force: Force = False,
) -> None:
    """Show what a camera or stream sees, face by face; q leaves."""
    options = options_of(
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
        end_s=seconds,
    )
    sink = _recorder(record, options, force) if record is not None else None
    choice = EventChoice(events, rules, marks, webhook, force)
    cloud = CloudChoice(send, send_side, send_quality, mask_background, yes_send_faces)
    source = int(camera) if camera.isascii() and camera.isdigit() else camera
    signal = _watch(source, options, sink, choice, cloud, force)
    if signal is not None:
        raise typer.Exit(code_of_signal(signal))


def _watch(
    source: int | str, options: Options, sink: Sink | None, events: EventChoice, cloud: CloudChoice, force: bool
) -> int | None:
    """Show the source until it ends; returns the signal that ended it, if one did.

    What is recorded has its second opinions in a file beside it.
    """
    from contextlib import ExitStack, closing

    from mimika.cli.cloud_choices import tell
    from mimika.cli.live_view import LiveView, watch
    from mimika.cli.terminal import err, out, warn
    from mimika.pipeline import Pipeline
    from mimika.stages.capture.webcam import CameraCapture

    pipeline = Pipeline(options)
    # Where standard output belongs to events, the picture goes where it does not mix with them.
    console = err() if events.prints else out()
    follower = events.open(console, growing=True)
    with ExitStack() as stack:
        if follower is not None:
            stack.enter_context(follower)
        second = stack.enter_context(cloud.open(options))
        capture = stack.enter_context(CameraCapture(source, options))
        if sink is not None:
            stack.enter_context(sink)
        view = stack.enter_context(LiveView(console, options.language, lambda: pipeline.baselines))
        observations = pipeline.run(capture)
        if second is not None:
            told = stack.enter_context(_opinions(sink.path, force)) if sink is not None else None
            observations = map(partial(_asked, second, told), observations)
        if follower is not None:
            observations = stack.enter_context(closing(follower.over(observations)))
        signal = watch(observations, view, sink)
    for message in events.warnings(follower):
        warn(message)
    if second is not None:
        tell(second, err())
    if sink is not None and sink.path.exists():
        console.print(f"recorded: {sink.path}", soft_wrap=True)
    return signal


def _opinions(record: Path, force: bool) -> OpinionsSink:
    """Return the file of second opinions that belongs to a recording."""
    from mimika.stages.write.opinions import OpinionsSink

    return OpinionsSink(record.with_name(f"{record.stem}-opinions.jsonl"), force=force)


def _asked(second: SecondOpinion, told: OpinionsSink | None, observation: Observation) -> Observation:
    """Ask about the faces that need it, and return the observation with what is known by now."""
    refined = second.follow(observation)
    if told is not None:
        for one in second.news():
            told.hear(one)
    return refined


def _recorder(path: Path, options: Options, force: bool) -> Sink:
    """Return the sink that the suffix of the name asks for.

    Raises:
        OptionError: for a suffix that neither a table nor a video has.
    """
    from mimika.stages.write import FORMATS, open_sink
    from mimika.stages.write.overlay import OverlayVideo

    if path.suffix[1:].lower() in FORMATS:
        return open_sink(path.suffix[1:].lower(), path, force=force)
    return OverlayVideo(path, options.language, force=force)
