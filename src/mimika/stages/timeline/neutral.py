"""Finding the neutral face of one person among all that the face did."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mimika.data.baseline import Baseline
from mimika.data.methods import BaselineChoice

Shape = NDArray[np.float64]

_SPACING_S = 0.1
"""Frames closer than this tell nothing new."""
_KEPT = 400
"""Samples kept of one face; when there are more, every other one goes and the spacing doubles."""
_YAW, _PITCH = 25.0, 20.0
"""The shape of a face turned further is less certain."""
_PRESENCE = 0.8
_EYES = 0.5
"""Eyes open less than this share of the usual are blinking."""
_FEWEST, _ENOUGH = 5, 20
_NEIGHBOURS = 0.15
_NEUTRAL_WEIGHT = 0.05
"""What a frame counts that shows no neutral expression at all, against 1.05 for one that shows nothing else."""
_STEPS = 5
_LOOK_AGAIN_S, _LOOK_LATER_S = 1.0, 5.0
"""Between two estimates, before one has settled and after; one takes up to 25 ms."""
_SETTLED = 0.01
"""An estimate has settled when another second changes it by less, in the unit of shapes (inter-ocular distances)."""
_EASE_S = 10.0
"""Once settled it follows better knowledge this slowly, so that nothing jumps."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame of a face: when, its pose-free shape (468, 3), how much it moved, and what else was seen.

    `portrait` (96, 96) is the picture of it that is kept, blank where there was none.
    """

    time_s: float
    shape: Shape
    moved: float
    eyes: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    angles: NDArray[np.float64]
    presence: float
    portrait: NDArray[np.uint8]


@dataclass(slots=True)
class NeutralFinder:
    """Looks for the neutral face of one person, frame by frame.

    `wants` says whether a frame is worth its shape; `see` takes it in; `baseline` is the best knowledge so far, None at
    first. With "auto" that is the robust mode of the least active frames: among the calmer half of the frontal frames
    with open eyes, the shape that most others are close to, frames counting more the more neutral the expression
    network finds them. Whoever smiles from beginning to end has a smiling baseline. With "first" it is the median of
    the first seconds.

    At most 400 samples of 22 kB are kept, evenly spread over the recording.
    """

    choice: BaselineChoice
    face: int
    source: str
    baseline: Baseline | None = None
    _samples: list[Sample] = field(default_factory=list)
    _spacing_s: float = _SPACING_S
    _looked_s: float = -1e9
    _before: Shape | None = None

    def wants(self, time_s: float) -> bool:
        """Return whether a frame at this time would be taken in."""
        return not self._samples or time_s - self._samples[-1].time_s >= self._spacing_s - 1e-6

    def see(self, sample: Sample) -> None:
        """Take in a frame; `moved` is worked out here."""
        last = self._samples[-1] if self._samples else None
        lasted = max(sample.time_s - last.time_s, 1e-3) if last else 1.0
        moved = float(np.sqrt(((sample.shape - last.shape) ** 2).sum(axis=1).mean())) / lasted if last else 0.0
        self._samples.append(replace(sample, moved=moved))
        if len(self._samples) > _KEPT:
            self._samples = self._samples[::2]
            self._spacing_s *= 2

    def look(self, now: float) -> None:
        """Estimate anew if it is time to, without looking ahead: a first estimate counts once it has settled."""
        if now - self._looked_s < (_LOOK_AGAIN_S if self.baseline is None else _LOOK_LATER_S):
            return
        passed, self._looked_s = now - self._looked_s, now
        if self.choice.method == "first":
            if self.baseline is None and now - self._samples[0].time_s >= self.choice.seconds:
                self.baseline = self.estimate(now)
            return
        found = self.estimate(now) if len(self._samples) >= _ENOUGH else None
        if found is None:
            return
        shape = found.shape.astype(np.float64)
        changed = np.inf if self._before is None else float(np.sqrt(((shape - self._before) ** 2).sum(axis=1).mean()))
        self._before = shape
        if self.baseline is not None:
            self.baseline = _eased(self.baseline, found, 1 - float(np.exp(-passed / _EASE_S)))
        elif changed < _SETTLED:
            self.baseline = found

    def estimate(self, now: float) -> Baseline | None:
        """Return the neutral face as all samples so far show it, None if too few are of use."""
        if not self._samples:
            return None
        if self.choice.method == "first":
            limit = self._samples[0].time_s + self.choice.seconds
            chosen = _usable([sample for sample in self._samples if sample.time_s <= limit])
            return self._from(chosen, np.ones(len(chosen)), now) if chosen else None
        chosen = _usable(self._samples)
        calm = np.argsort([sample.moved for sample in chosen], kind="stable")
        chosen = [chosen[index] for index in np.sort(calm[: max(len(chosen) // 2, _FEWEST)])]
        return self._from(chosen, _mode(chosen), now) if chosen else None

    def _from(self, samples: list[Sample], weights: NDArray[np.float64], now: float) -> Baseline:
        weights = weights / weights.sum()
        if self.choice.method == "first":
            shape = np.median([sample.shape for sample in samples], axis=0)
        else:
            shape = np.einsum("i,ijk->jk", weights, np.array([sample.shape for sample in samples]))
        eyes = np.array([sample.eyes for sample in samples])
        return Baseline(
            shape=shape.astype(np.float32),
            eye_openness=(weights @ eyes).astype(np.float32),
            rest=(weights @ np.array([sample.probabilities for sample in samples])).astype(np.float32),
            method=self.choice.method,
            frames=len(samples),
            since_s=now,
            face=self.face,
            source=self.source,
            portrait=_nearest(samples, shape).portrait,
        )


def _nearest(samples: list[Sample], shape: Shape) -> Sample:
    """Return the sample whose shape is nearest to that of the baseline, of those with a picture if there are any."""
    pictured = [sample for sample in samples if sample.portrait.any()] or samples
    return min(pictured, key=lambda sample: float(((sample.shape - shape) ** 2).sum()))


def _usable(samples: list[Sample]) -> list[Sample]:
    """Return the frontal, surely seen frames with open eyes; the most frontal ones where there are too few."""
    if not samples:
        return []
    eyes = np.array([sample.eyes.mean() for sample in samples])
    usual = float(np.nanmedian(eyes)) if np.isfinite(eyes).any() else np.nan
    good = ~(eyes < _EYES * usual) & (np.array([sample.presence for sample in samples]) >= _PRESENCE)
    turned = np.array([abs(sample.angles[1]) / _YAW + abs(sample.angles[0]) / _PITCH for sample in samples])
    frontal = np.array([abs(s.angles[1]) <= _YAW and abs(s.angles[0]) <= _PITCH for s in samples])
    rows = np.flatnonzero(good & frontal)
    if len(rows) < _FEWEST:
        rows = np.flatnonzero(good) if good.any() else np.arange(len(samples))
        rows = np.sort(rows[np.argsort(turned[rows], kind="stable")[: max(_FEWEST, len(rows) // 2)]])
    return [samples[row] for row in rows]


def _mode(samples: list[Sample]) -> NDArray[np.float64]:
    """Return the weights (n,) of samples around the densest place among their shapes.

    Mean shift with a Gaussian window as wide as the distance to the nearest 15 % of the others.

    Source: Comaniciu, Meer, "Mean shift: a robust approach toward feature space analysis", PAMI 2002.
    """
    shapes = np.array([sample.shape.ravel() for sample in samples])
    trust = _NEUTRAL_WEIGHT + np.array([sample.probabilities[0] for sample in samples])
    square = _distances(shapes, shapes)
    near = np.sort(square, axis=1)[:, min(max(2, round(_NEIGHBOURS * len(samples))), len(samples) - 1)]
    width = max(float(np.median(near)), 1e-12)
    density = trust * (np.exp(-square / (2 * width)) @ trust)
    centre = shapes[density.argmax()]
    weights = np.ones(len(samples))
    for _ in range(_STEPS):
        weights = trust * np.exp(-_distances(centre[None], shapes)[0] / (2 * width)) + 1e-12
        centre = weights @ shapes / weights.sum()
    return weights


def _distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (n, m) squared distances of rows."""
    square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * a @ b.T
    return np.asarray(np.maximum(square, 0), np.float64)


def _eased(old: Baseline, new: Baseline, share: float) -> Baseline:
    """Move a baseline towards a better one."""
    return replace(
        old,
        shape=(1 - share) * old.shape + share * new.shape,
        eye_openness=(1 - share) * old.eye_openness + share * new.eye_openness,
        rest=(1 - share) * old.rest + share * new.rest,
        portrait=new.portrait,
        frames=new.frames,
    )
