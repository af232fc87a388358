"""What is said of the faces that action units are learnt from, and who is kept for the test."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mimika.training.faces_model import Array
from mimika.training.pictures import LabelledFaces, shards
from mimika.training.places import Places

HELD_OUT = 0.15
"""Share of the persons whose photos and mesh errors are kept for testing."""
MESHES = ("mesh", "eyes")
"""The networks that measure faces, on which everything kept depends."""


def fer_votes(places: Places, split: str) -> Array:
    """Return the (n, 8) votes on FER-2013 pictures."""
    tables = [pq.read_table(file, columns=["votes"]) for file in shards(places.data, f"fer2013-{split}")]
    return np.concatenate([np.array(table["votes"].to_pylist(), np.float64) for table in tables])[:, :8]


def face_labels(places: Places) -> NDArray[np.str_]:
    """Return the (n,) expressions that the photos of `faces` are said to show."""
    tables = [pq.read_table(file, columns=["label"]) for file in shards(places.data, "faces")]
    return np.concatenate([np.array(table["label"].to_pylist()) for table in tables])


def calm_portraits(faces: LabelledFaces) -> NDArray[np.bool_]:
    """Return which (n,) portraits of `studio` are the neutral ones; the others smile."""
    return np.array([str(name).endswith("_03.jpg") for name in faces.names])
