"""The picture of a live run in the terminal."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mimika.cli.keys import Keys
from mimika.data.baseline import Baseline
from mimika.data.labels import FERPLUS, TRANSLATIONS
from mimika.data.observation import Observation
from mimika.data.protocols import Sink
from mimika.interrupts import Interrupted, Interrupts

_REFRESH_S = 0.1
_PLAIN_S = 1.0
_BAR = 20


class LiveView:
    """Shows the latest observation: a table that is redrawn in a terminal, one line a second elsewhere.

    `baselines` tells the neutral faces known by now; since when is said for each.
    """

    def __init__(self, console: Console, language: str = "en", baselines: Callable[[], list[Baseline]] = list) -> None:
        self._console, self._words, self._baselines = console, TRANSLATIONS[language], baselines
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._times: deque[float] = deque(maxlen=60)
        self._shown = -1e9

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, observation: Observation) -> None:
        """Show an observation, unless the last one was shown a moment ago."""
        now = time.monotonic()
        self._times.append(now)
        if now - self._shown < (_PLAIN_S if self._live is None else _REFRESH_S):
            return
        self._shown = now
        if self._live is None:
            self._console.print(self._line(observation), soft_wrap=True)
        else:
            self._live.update(self._picture(observation), refresh=True)

    def _speed(self) -> float:
        span = self._times[-1] - self._times[0]
        return (len(self._times) - 1) / span if span > 0 else 0.0

    def _line(self, observation: Observation) -> str:
        shown = observation.expressions
        parts = [
            f"face {identity}: {self._words[label]} {100 * share:.0f} %{_mark(observation, row)}"
            for row, (identity, label, share) in enumerate(
                zip(observation.faces.ids, shown.labels, shown.confidences, strict=True)
            )
        ]
        return f"{observation.frame.time_s:8.2f} s  {'; '.join(parts) or 'no face'}{self._known()}"

    def _known(self) -> str:
        """Say since when the neutral face of each person is known."""
        parts = [f"face {known.face} since {known.since_s:.1f} s" for known in self._baselines() if known.face >= 0]
        return f"  baseline: {', '.join(parts)}" if parts else ""

    def _picture(self, observation: Observation) -> RenderableType:
        frame = observation.frame
        size = f"{frame.width}×{frame.height}"
        head = f"{frame.source}  {size}  {frame.time_s:.1f} s  {self._speed():.0f} frames/s  q leaves{self._known()}"
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("face", "expression", "", "", "pitch", "yaw", "roll"):
            table.add_column(name, justify="left" if name in ("expression", "") else "right")
        shown = observation.expressions
        for row, label in enumerate(shown.labels):
            share = float(shown.confidences[row])
            pitch, yaw, roll = observation.measurements.angles[row]
            second = self._runner_up(observation, row)
            table.add_row(
                *(
                    str(observation.faces.ids[row]),
                    f"{self._words[label]}{_mark(observation, row)}",
                    _bar(share),
                    second,
                ),
                *(f"{pitch:+.0f}°", f"{yaw:+.0f}°", f"{roll:+.0f}°"),
            )
        return Group(Text(head, style="dim"), table if len(observation) else Text("no face"))

    def _runner_up(self, observation: Observation, row: int) -> str:
        chances = observation.expressions.probabilities[row]
        second = int(chances.argsort()[-2])
        return f"then {self._words[FERPLUS[second]]} {100 * chances[second]:.0f} %"


def watch(observations: Iterator[Observation], view: LiveView, sink: Sink | None = None) -> int | None:
    """Show and record until the source ends, q is pressed, or a signal comes; returns that signal.

    Raises:
        CameraLost: if pictures stop coming; what was recorded is complete.
    """
    with Interrupts() as interrupts, Keys() as keys:
        while True:
            try:
                with interrupts.waiting():
                    observation = next(observations, None)
            except Interrupted:
                return interrupts.signal
            if observation is None or keys.pressed() == "q":
                return None
            if sink is not None:
                sink.write(observation)
            view.show(observation)


def _mark(observation: Observation, row: int) -> str:
    """Return where an expression comes from, "" for this machine alone."""
    origin = observation.origin(row)
    return "" if origin == "local" else f" [{origin}]"


def _bar(share: float) -> Text:
    full = round(share * _BAR)
    bar = Text("━" * full, style="green")
    bar.append("━" * (_BAR - full), style="dim")
    return bar.append(f" {100 * share:3.0f} %", style="default not dim")
