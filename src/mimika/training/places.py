"""Where a training finds the data and the teacher's labels, and what it keeps between runs."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mimika.training.faces_model import FaceModel, load_face_model
from mimika.training.pictures import LabelledFaces, labelled_faces


@dataclass(frozen=True)
class Places:
    """Where the data, the teacher's labels and all that is worth keeping between runs are."""

    data: Path
    labels: Path
    cache: Path

    @staticmethod
    def ask(parser: argparse.ArgumentParser) -> None:
        """Add the options of a command line that `chosen` reads."""
        parser.add_argument("--data", type=Path, default=Path("../shared/data"))
        parser.add_argument("--labels", type=Path, required=True, help="the teacher's labels")
        parser.add_argument("--cache", type=Path, required=True, help="folder of decoded pictures and of slow results")

    @classmethod
    def chosen(cls, options: argparse.Namespace) -> Self:
        """Return the places that a command line names."""
        return cls(options.data, options.labels, options.cache)

    def faces(self, name: str) -> LabelledFaces:
        """Return a labelled set of faces."""
        return labelled_faces(self.data, self.labels, self.cache, name)

    def model(self) -> FaceModel:
        """Return the morphable face."""
        return load_face_model(self.data / "face_model")
