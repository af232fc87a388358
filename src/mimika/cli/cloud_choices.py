"""The options about second opinions, and how a run opens one."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from mimika.data.cloud import CloudOptions
from mimika.data.options import Options

if TYPE_CHECKING:
    from rich.console import Console

    from mimika.stages.recognize.hybrid import SecondOpinion

_DEFAULT, _CLOUD = Options(), CloudOptions()
BUDGET_USD, BUDGET_USD_MINUTE = _DEFAULT.budget_usd, _DEFAULT.budget_usd_minute
SEND, SEND_SIDE, SEND_QUALITY = _CLOUD.send, _CLOUD.side, _CLOUD.quality

SecondOpinionWhen = Annotated[
    str,
    typer.Option("--second-opinion", help="Ask a cloud model too: never, unsure, every:SECONDS or audit:SHARE."),
]
BudgetUsd = Annotated[float, typer.Option("--budget-usd", help="US dollars that second opinions may cost in this run.")]
BudgetUsdMinute = Annotated[
    float, typer.Option("--budget-usd-minute", help="US dollars that they may cost in any minute.")
]
Send = Annotated[str, typer.Option("--send", help="What is sent: crop, the face, or frame, the whole picture.")]
SendSide = Annotated[int, typer.Option("--send-side", help="Long side in pixels of what is sent (64..1024).")]
SendQuality = Annotated[int, typer.Option("--send-quality", help="JPEG quality of what is sent (30..95).")]
MaskBackground = Annotated[bool, typer.Option("--mask-background", help="Paint all but the face grey before sending.")]
YesSendFaces = Annotated[
    bool, typer.Option("--yes-send-faces", help="Agree that pictures of faces are sent to the endpoint.")
]


@dataclass(frozen=True, slots=True)
class CloudChoice:
    """What a command was told about second opinions."""

    send: str = SEND
    side: int = SEND_SIDE
    quality: int = SEND_QUALITY
    mask: bool = False
    yes: bool = False

    def options(self, options: Options) -> CloudOptions:
        """Return whom to ask and what to send, with the address and model that the settings name.

        Raises:
            OptionError: naming the field, its range and the value received.
        """
        from mimika import settings
        from mimika.second import cloud_options

        given = {"send": self.send, "side": self.side, "quality": self.quality, "mask": self.mask}
        return cloud_options(settings.load(), language=options.language, **given)

    def open(self, options: Options) -> AbstractContextManager[SecondOpinion | None]:
        """Open the second opinion of a run, None where none is wanted; key, price, purpose and consent come first.

        Raises:
            OptionError: if one of them is missing; nothing was sent then.
        """
        if options.second_opinion == "never":
            return nullcontext()
        from mimika.cli.consent import second_opinion

        return second_opinion(options, self.options(options), self.yes)


def tell(second: SecondOpinion, console: Console, quiet: bool = False) -> None:
    """Say at the end what second opinions were had, at what cost, and why others were not."""
    from mimika.cli.terminal import warn
    from mimika.stages.recognize.hybrid import report

    told, troubles = report(second)
    if not quiet:
        console.print("\n".join(told), soft_wrap=True)
    for trouble in troubles:
        warn(trouble, console)
