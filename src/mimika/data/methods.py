"""How a user chooses smoothing and baseline: short texts such as `window:5` or `first:3`, read in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from mimika.data.errors import OptionError

SMOOTHING_HELP = "none, window:N (frames), window:Ts (seconds), ema:SECONDS or viterbi"
BASELINE_HELP = "none, auto, first:SECONDS, image:PATH, or a saved FILE.json"


@dataclass(frozen=True, slots=True)
class Smoothing:
    """A way to smooth probabilities over time.

    `method` is "none", "window", "ema" or "viterbi"; `seconds` is the length of a window or the time constant of an
    exponential mean; a window may be given in `frames` instead, which means that many usual steps between frames.
    """

    method: str = "none"
    seconds: float = 0.0
    frames: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what a user wrote.

        >>> Smoothing.parse("window:0.4s").seconds
        0.4

        Raises:
            OptionError: for anything else than `SMOOTHING_HELP` says.
        """
        method, colon, amount = text.partition(":")
        if method in ("none", "viterbi") and not colon:
            return cls(method)
        if method == "window" and amount.isascii() and amount.isdigit() and 1 <= int(amount) <= 10_000:
            return cls(method, frames=int(amount))
        seconds = _seconds(amount.removesuffix("s"))
        if seconds is not None and (method == "ema" or (method == "window" and amount.endswith("s"))):
            return cls(method, seconds=seconds)
        raise OptionError(f"smooth: expected {SMOOTHING_HELP}, received {text!r}")

    @property
    def looks_ahead(self) -> bool:
        """Whether a recording is smoothed better when its future is known; a live picture does without."""
        return self.method in ("window", "viterbi")


@dataclass(frozen=True, slots=True)
class BaselineChoice:
    """Where a person's neutral face comes from.

    `method` is "none", "auto", "first", "image" or "file"; `seconds` belongs to "first", `path` to the last two; of a
    file that holds several faces, `face` is the one to take, None the first.
    """

    method: str = "none"
    seconds: float = 0.0
    path: str = ""
    face: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what a user wrote; `FILE.json#2` means face 2 of the file.

        Raises:
            OptionError: for anything else than `BASELINE_HELP` says.
        """
        method, colon, rest = text.partition(":")
        if method in ("none", "auto") and not colon:
            return cls(method)
        seconds = _seconds(rest.removesuffix("s")) if method == "first" else None
        if seconds is not None:
            return cls(method, seconds=seconds)
        if method == "image" and rest:
            return cls(method, path=rest)
        path, mark, face = text.rpartition("#") if text.rpartition("#")[2].isdigit() else (text, "", "")
        if path.lower().endswith(".json"):
            return cls("file", path=path, face=int(face) if mark else None)
        raise OptionError(f"baseline: expected {BASELINE_HELP}, received {text!r}")

    @property
    def looks_ahead(self) -> bool:
        """Whether the whole recording must be seen before its first row can be told."""
        return self.method in ("auto", "first")


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 < value <= 3600 else None
