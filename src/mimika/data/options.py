"""The choices a user has, in one validated place."""

from __future__ import annotations

from dataclasses import dataclass

from mimika.data.cloud import When
from mimika.data.errors import OptionError
from mimika.data.labels import LANGUAGES
from mimika.data.methods import BaselineChoice, Smoothing

FACES_LIMIT = 64
"""No frame gives more faces than this."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to analyse; every field has a sensible default.

    `detect_side`: the detector sees the picture scaled so that its long side has this many pixels (160..1280); smaller
    pictures are enlarged at most twofold. `detect_every`: in video the detector looks again after this many frames (1 =
    always). `faces_max`: at most so many faces a frame (1..64). `min_score` and `min_presence`, 0..1: faces below are
    dropped. `unsure_below`, 0..1: a best probability lower than this gives "unsure"; None takes the network's own
    limit, below which it errs in more than two of five faces. `every` analyses each n-th frame; `fps` instead picks
    frames by presentation time; `start_s` and `end_s` cut in seconds. `lost_s`: seconds a face may be away and keep
    its id. `threads`: compute threads for each network, 0 for all cores. `pixels_max`: larger pictures are refused.
    `model`: expression network, the name of a shipped one or the path of an ONNX file with its card. `mirror`: read
    each face also mirrored and average, a little more exact for twice the time of that step. `prior`: how common each
    expression is where the pictures come from: "data" as in the training data, "uniform", or the path of a TOML file
    with a share for each. `smooth`: how probabilities are smoothed over time, as `methods.Smoothing` reads it;
    `steady`: mesh and pose are calmed by a one-euro filter; `baseline`: where each person's neutral face comes from, as
    `methods.BaselineChoice` reads it, and `baseline_expressions`: whether it is taken out of the probabilities too.
    `micro`: follow each face's fine movements in recordings, so that micro-expressions are among its episodes.
    `second_opinion`: when a cloud model is asked too, as `cloud.When` reads it, and what it may cost in US dollars in
    one run, `budget_usd`, and in any minute of it, `budget_usd_minute`.

    Raises:
        OptionError: naming the field, its range and the value received.
    """

    detect_side: int = 640
    detect_every: int = 10
    faces_max: int = 64
    min_score: float = 0.5
    min_presence: float = 0.5
    unsure_below: float | None = None
    every: int = 1
    fps: float | None = None
    start_s: float | None = None
    end_s: float | None = None
    lost_s: float = 3.0
    threads: int = 1
    pixels_max: int = 200_000_000
    language: str = "en"
    model: str = "expression"
    mirror: bool = False
    prior: str = "data"
    smooth: str = "none"
    steady: bool = False
    baseline: str = "none"
    baseline_expressions: bool = False
    micro: bool = False
    second_opinion: str = "never"
    budget_usd: float = 1.0
    budget_usd_minute: float = 0.25

    def __post_init__(self) -> None:
        _within("detect_side", self.detect_side, 160, 1280)
        _within("detect_every", self.detect_every, 1, 10_000)
        _within("faces_max", self.faces_max, 1, FACES_LIMIT)
        for name in ("min_score", "min_presence"):
            _within(name, getattr(self, name), 0, 1)
        if self.unsure_below is not None:
            _within("unsure_below", self.unsure_below, 0, 1)
        if not self.prior:
            raise OptionError("prior: expected data, uniform or the path of a TOML file, received nothing")
        _within("every", self.every, 1, 1_000_000)
        if self.fps is not None:
            _within("fps", self.fps, 0.001, 1000)
        if self.start_s is not None and self.end_s is not None and self.end_s <= self.start_s:
            raise OptionError(f"end_s: expected more than start_s ({self.start_s}), received {self.end_s}")
        _within("lost_s", self.lost_s, 0, 3600)
        _within("threads", self.threads, 0, 256)
        _within("pixels_max", self.pixels_max, 1, 10**10)
        Smoothing.parse(self.smooth)
        BaselineChoice.parse(self.baseline)
        When.parse(self.second_opinion)
        _within("budget_usd", self.budget_usd, 0, 100_000)
        _within("budget_usd_minute", self.budget_usd_minute, 0, 100_000)
        if self.language not in LANGUAGES:
            raise OptionError(f"language: expected one of {', '.join(LANGUAGES)}, received {self.language!r}")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise OptionError(f"{name}: expected {low}..{high}, received {value}")
