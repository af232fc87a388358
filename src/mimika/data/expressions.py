"""What each face of one frame shows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mimika.data._check import same_length, shaped
from mimika.data.circumplex import valence_arousal
from mimika.data.labels import FERPLUS, UNSURE


@dataclass(frozen=True, slots=True)
class Expressions:
    """Calibrated expression probabilities of n faces.

    `probabilities` (n, 8) in the order of `labels.FERPLUS`, each row sums to 1; `embeddings` (n, d) unit vectors that
    describe the face's look, for tracking; `unsure_below` 0..1: a face whose best probability is lower is "unsure".

    Raises:
        ShapeError: if a shape is wrong or the lengths differ.
    """

    probabilities: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    unsure_below: float = field(default=0.0)

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
        return named(self.probabilities, self.unsure_below)

    @property
    def confidences(self) -> NDArray[np.float32]:
        """(n,) the probability of the most likely expression, 0..1."""
        return self.probabilities.max(axis=1) if len(self) else np.zeros(0, np.float32)

    @property
    def valence(self) -> NDArray[np.float32]:
        """(n,) -1 unpleasant .. 1 pleasant, as the probabilities lead one to expect; see `circumplex`."""
        return valence_arousal(self.probabilities)[:, 0]

    @property
    def arousal(self) -> NDArray[np.float32]:
        """(n,) -1 calm .. 1 roused, as the probabilities lead one to expect; see `circumplex`."""
        return valence_arousal(self.probabilities)[:, 1]

    @classmethod
    def empty(cls) -> Expressions:
        """Return the container of a frame without faces."""
        return cls(np.zeros((0, len(FERPLUS)), np.float32), np.zeros((0, 0), np.float32))


def named(probabilities: NDArray[np.float32], unsure_below: float) -> list[str]:
    """Return the most likely expression of each row of (n, 8) probabilities, "unsure" where it is below the limit."""
    if not len(probabilities):
        return []
    best, sure = probabilities.argmax(axis=1), probabilities.max(axis=1) >= unsure_below
    return [FERPLUS[index] if ok else UNSURE for index, ok in zip(best, sure, strict=True)]
