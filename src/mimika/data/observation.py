"""All that is known of one frame: what the pipeline yields and the sinks write."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mimika.data._check import same_length, shaped
from mimika.data.errors import ShapeError
from mimika.data.expressions import Expressions
from mimika.data.faces import Faces
from mimika.data.frame import Frame
from mimika.data.indicators import INDICATOR_NAMES
from mimika.data.measurements import Measurements
from mimika.data.opinion import Opinion

_NOT_GIVEN = np.zeros(0, np.float32)


def _not_given() -> NDArray[np.float32]:
    return _NOT_GIVEN


@dataclass(frozen=True, slots=True)
class Observation:
    """One frame with its n faces; row i of each container is the same face, and n may be 0.

    `stage_ms` holds the wall time of each stage in milliseconds where it was measured. `indicators` (n, 13) is what is
    told of each face over time, in the order of `indicators.INDICATORS`, NaN where it is not known; all NaN in photos.
    `opinions` (n) is the second opinion that is mixed into the expression of each face, None where there is none; an
    empty tuple stands for none at all.

    Raises:
        ShapeError: if the containers do not hold the same number of faces.
    """

    frame: Frame
    faces: Faces
    measurements: Measurements
    expressions: Expressions
    stage_ms: dict[str, float] = field(default_factory=dict, compare=False)
    indicators: NDArray[np.float32] = field(default_factory=_not_given, compare=False)
    opinions: tuple[Opinion | None, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        given = self.indicators
        if given is _NOT_GIVEN:
            given = np.full((len(self.faces), len(INDICATOR_NAMES)), np.nan, np.float32)
        object.__setattr__(self, "indicators", shaped("indicators", given, (None, len(INDICATOR_NAMES)), np.float32))
        if self.opinions and len(self.opinions) != len(self.faces):
            raise ShapeError(f"one opinion a face expected, received {len(self.opinions)} for {len(self.faces)}")
        same_length(
            faces=self.faces.boxes,
            measurements=self.measurements.meshes,
            expressions=self.expressions.probabilities,
            indicators=self.indicators,
        )

    def __len__(self) -> int:
        return len(self.faces)

    def origin(self, row: int) -> str:
        """Where the expression of a face comes from: "local", or the origin of the opinion mixed into it."""
        opinion = self.opinions[row] if self.opinions else None
        return opinion.origin if opinion is not None else "local"
