"""Where the data is that action units are learnt from, and who is kept for the test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from mimika.training.faces_model import Array, FaceModel, load_face_model
from mimika.training.pictures import LabelledFaces, labelled_faces, shards

HELD_OUT = 0.15
"""Share of the persons whose photos and mesh errors are kept for testing."""
MESHES = ("mesh", "eyes")
"""The networks that measure faces, on which everything kept depends."""


@dataclass(frozen=True)
class Places:
    """Where the data, the teacher's labels and all that is worth keeping between runs are."""

    data: Path
    labels: Path
    cache: Path

    def faces(self, name: str) -> LabelledFaces:
        """Return a labelled set of faces."""
        return labelled_faces(self.data, self.labels, self.cache, name)

    def model(self) -> FaceModel:
        """Return the morphable face."""
        return load_face_model(self.data / "face_model")


def fer_votes(places: Places, split: str) -> Array:
    """Return the (n, 8) votes on FER-2013 pictures."""
    tables = [pq.read_table(file, columns=["votes"]) for file in shards(places.data, f"fer2013-{split}")]
    return np.concatenate([np.array(table["votes"].to_pylist(), np.float64) for table in tables])[:, :8]
