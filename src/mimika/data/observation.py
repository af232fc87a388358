"""All that is known of one frame: what the pipeline yields and the sinks write."""

from __future__ import annotations

from dataclasses import dataclass, field

from mimika.data._check import same_length
from mimika.data.expressions import Expressions
from mimika.data.faces import Faces
from mimika.data.frame import Frame
from mimika.data.measurements import Measurements


@dataclass(frozen=True, slots=True)
class Observation:
    """One frame with its n faces; row i of each container is the same face, and n may be 0.

    `stage_ms` holds the wall time of each stage in milliseconds where it was measured.

    Raises:
        ShapeError: if the containers do not hold the same number of faces.
    """

    frame: Frame
    faces: Faces
    measurements: Measurements
    expressions: Expressions
    stage_ms: dict[str, float] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        same_length(
            faces=self.faces.boxes, measurements=self.measurements.meshes, expressions=self.expressions.probabilities
        )

    def __len__(self) -> int:
        return len(self.faces)
