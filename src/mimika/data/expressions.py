"""What each face of one frame shows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mimika.data._check import same_length, shaped
from mimika.data.labels import FERPLUS, UNSURE


@dataclass(frozen=True, slots=True)
class Expressions:
    """Calibrated expression probabilities of n faces.

    `probabilities` (n, 8) in the order of `labels.FERPLUS`, each row sums to 1; `embeddings` (n, d) unit vectors that
    describe the face's look, for tracking; `min_margin` 0..1: a face whose best two probabilities lie closer is
    "unsure".

    Raises:
        ShapeError: if a shape is wrong or the lengths differ.
    """

    probabilities: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    min_margin: float = field(default=0.0)

    def __post_init__(self) -> None:
        wide = shaped("probabilities", self.probabilities, (None, len(FERPLUS)), np.float32)
        object.__setattr__(self, "probabilities", wide)
        object.__setattr__(self, "embeddings", shaped("embeddings", self.embeddings, (None, None), np.float32))
        same_length(probabilities=self.probabilities, embeddings=self.embeddings)

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def labels(self) -> list[str]:
        """The most likely expression of each face, or "unsure"."""
        if not len(self):
            return []
        ordered = np.sort(self.probabilities, axis=1)
        sure = ordered[:, -1] - ordered[:, -2] >= self.min_margin
        best = self.probabilities.argmax(axis=1)
        return [FERPLUS[index] if ok else UNSURE for index, ok in zip(best, sure, strict=True)]

    @property
    def confidences(self) -> NDArray[np.float32]:
        """(n,) the probability of the most likely expression, 0..1."""
        return self.probabilities.max(axis=1) if len(self) else np.zeros(0, np.float32)

    @classmethod
    def empty(cls) -> Expressions:
        """Return the container of a frame without faces."""
        return cls(np.zeros((0, len(FERPLUS)), np.float32), np.zeros((0, 0), np.float32))
