"""Under which conditions a model is measured: the pictures as they are, corrupted, with the face to be found."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.frame import Frame
from mimika.data.geometry import invert, transform
from mimika.data.options import Options
from mimika.evaluation.corruptions import CORRUPTIONS, Place
from mimika.evaluation.crops import Aligner, CropJudge, usual_place
from mimika.evaluation.datasets import EvaluationSet
from mimika.evaluation.subjects import OnnxSubject
from mimika.pipeline import Pipeline
from mimika.stages.faces.align import EXPRESSION_CROP, crop, mean_face

Luma = NDArray[np.uint8]
CLEAN, CROP_OFF, SEEK = "clean", "crop-off", "seek"


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of the corruption table: `key` in files, `title` for people, `about` what exactly is done."""

    key: str
    title: str
    about: str


TABLE = (
    *(Condition(one.key, one.title, one.about) for one in CORRUPTIONS),
    Condition(
        CROP_OFF, "network's own crop off ±10 %",
        "after the alignment the crop is moved by 10 % of its side, one of four ways; "
        "for a model that aligns nothing the same as the line above",
    ),
    Condition(
        SEEK, "face not given",
        "the face cut out is enlarged to 192 px and given a border of a third; each program finds the face itself",
    ),
)  # fmt: skip
"""All lines after clean, in order."""
_BY_KEY = {one.key: one for one in CORRUPTIONS}


class Scene:
    """The pictures of a set under each condition; where the faces are is found out once, on the clean pictures."""

    def __init__(self, data: EvaluationSet, seed: int = 0) -> None:
        self.data, self.seed = data, seed
        self._tight: list[bool] | None = None
        self._places: list[Place] | None = None

    @property
    def tight(self) -> list[bool]:
        """Whether each picture is a face cut out, as the set says or else as each picture shows."""
        if self._tight is None:
            if self.data.crop is not None:
                self._tight = [self.data.crop == "tight"] * len(self.data)
            else:
                judge = CropJudge()
                self._tight = [judge.is_tight(self.data.picture(row)) for row in range(len(self.data))]
        return self._tight

    @property
    def places(self) -> list[Place]:
        """Where each face is, by our own mesh network."""
        if self._places is None:
            finder = _Finder()
            rows = range(len(self.data))
            self._places = [finder.place(self.data.picture(row), self.tight[row]) for row in rows]
        return self._places

    def pictures(self, condition: str, rows: range) -> Iterator[tuple[Luma, bool]]:
        """Yield the pictures of some rows under a condition, and whether each is a face cut out."""
        for row in rows:
            picture, tight = self.data.picture(row), self.tight[row]
            if condition == SEEK and tight:
                yield with_room(picture), False
            elif condition in _BY_KEY:
                yield _BY_KEY[condition](picture, self.places[row], row, self.seed), tight
            else:
                yield picture, tight


def with_room(face: Luma, side: int = 192) -> Luma:
    """Enlarge a tight face to at least `side` pixels and give it a border of a third, as a detector needs it."""
    factor = side / min(face.shape)
    if factor > 1:
        size = round(face.shape[1] * factor), round(face.shape[0] * factor)
        face = np.asarray(cv2.resize(face, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    border = min(face.shape) // 3
    return np.asarray(cv2.copyMakeBorder(face, border, border, border, border, cv2.BORDER_REPLICATE), np.uint8)


class OffCrop(OnnxSubject):
    """A network of ours whose aligned crop is moved by 10 % of its side before it sees it.

    Which of the four ways follows from the picture's content, so it is the same every time.
    """

    def _cut(self, picture: Luma, tight: bool) -> tuple[Luma | None, bool]:
        seen = self._aligner.align(picture)
        way = zlib.crc32(picture.tobytes()) % 4
        matrix = seen.matrix.copy()
        matrix[:, 2] += 0.1 * self._spec.side * np.array(((1, 0), (-1, 0), (0, 1), (0, -1))[way])
        return crop(picture, matrix, self._spec), seen.found


class _Finder:
    """Says where the face of a picture is; one that shows none is taken to have it where faces usually are."""

    def __init__(self) -> None:
        self._aligner, self._pipeline = Aligner(), Pipeline(Options(threads=1, faces_max=1))
        self._mean = mean_face()[None, :, :2] * EXPRESSION_CROP.scale + EXPRESSION_CROP.side / 2

    def place(self, picture: Luma, tight: bool) -> Place:
        if not tight:
            meshes = self._pipeline.process_photo(Frame(picture)).measurements.meshes
            if len(meshes):
                mesh = np.asarray(meshes[0, :, :2], np.float32)
                return Place(float(np.ptp(mesh, axis=0).max()), mesh, False)
        matrix = self._aligner.align(picture).matrix if tight else usual_place(picture, EXPRESSION_CROP)
        mesh = np.asarray(transform(invert(matrix[None]), self._mean)[0], np.float32)
        return Place(float(min(picture.shape)), mesh, tight)
