"""The faces of a user's own folder of class folders, found and cut out as the product itself does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import InputError, InputMissing, OptionError
from mimika.data.frame import Frame
from mimika.data.geometry import invert, transform
from mimika.data.labels import FERPLUS
from mimika.data.options import Options
from mimika.evaluation.crops import Aligner, CropJudge
from mimika.evaluation.datasets import EvaluationSet, open_set
from mimika.evaluation.tables import split_of
from mimika.pipeline import Pipeline
from mimika.stages.faces.align import EXPRESSION_CROP, crop, matrices_from_meshes, shrunk

MARGIN = 0.4
"""Of a photo only the face is kept, with so many sides of the crop around it: training cuts crops that err."""

Luma = NDArray[np.uint8]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class OwnFaces:
    """n labelled faces.

    `truth` (n,) are places in `classes`, which are of `labels.FERPLUS`; `names` the files, relative to the folder;
    `persons` where folders name them; `splits` (n) "train", "validation", "test" where folders name those, else "".
    `parts` (height, width) uint8 are cut out of the pictures, `matrices` (n, 2, 3) take a part to the crop, `crops`
    (n, 64, 64) uint8 are what the product's network sees. `tight` (n,) says which pictures were a face cut out.
    `unreadable` are name and reason of pictures that were skipped, `faceless` names of those without a face,
    `left_out` the pictures of folders that the map leaves out.
    """

    name: str
    classes: tuple[str, ...]
    truth: NDArray[np.int64]
    names: tuple[str, ...]
    persons: tuple[str, ...] | None
    splits: tuple[str, ...]
    parts: tuple[Luma, ...]
    matrices: NDArray[np.float64]
    crops: Luma
    tight: NDArray[np.bool_]
    unreadable: tuple[tuple[str, str], ...] = ()
    faceless: tuple[str, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()

    def __len__(self) -> int:
        return len(self.truth)

    def counts(self, rows: NDArray[np.bool_] | None = None) -> dict[str, int]:
        """Return how many faces each class has, of the chosen rows (n,)."""
        truth = self.truth if rows is None else self.truth[rows]
        return {name: int((truth == place).sum()) for place, name in enumerate(self.classes)}

    def place_in(self, labels: tuple[str, ...]) -> NDArray[np.int64]:
        """Return (n,) the truth as places in `labels`, -1 for a class that is not among them."""
        places = [labels.index(name) if name in labels else -1 for name in self.classes]
        return np.array(places, np.int64)[self.truth]


def read_faces(
    folder: Path,
    *,
    class_map: Mapping[str, str] | None = None,
    crop_as: str | None = None,
    progress: Progress | None = None,
) -> OwnFaces:
    """Read every picture of a folder of class folders and find its face; see `evaluation.datasets.open_set`.

    `crop_as` is "tight", "detect", or None to decide by picture; `progress` is told how many are done, and of how many.

    Raises:
        InputMissing: if there is nothing there, or no picture shows a face.
        OptionError: if a folder's name is no expression, or all pictures are of one class.
    """
    data = _opened(folder, class_map or {}, crop_as)
    finder = _Finder(data.crop)
    kept: list[tuple[int, Luma, NDArray[np.float64], Luma, bool]] = []
    unreadable, faceless = [], []
    for row in range(len(data)):
        try:
            picture = data.picture(row)
        except InputError as error:
            unreadable.append((data.names[row], error.reason))
        else:
            matrix, tight = finder.find(picture)
            if matrix is None:
                faceless.append(data.names[row])
            else:
                kept.append((row, *kept_part(picture, matrix), crop(picture, matrix, EXPRESSION_CROP), tight))
        if progress:
            progress(row + 1, len(data))
    if not kept:
        raise InputMissing(str(folder), f"a face is found in none of the {len(data)} pictures")
    return _joined(data, kept, tuple(unreadable), tuple(faceless))


def kept_part(picture: Luma, matrix: NDArray[np.float64]) -> tuple[Luma, NDArray[np.float64]]:
    """Cut the surroundings of a crop out of a picture, averaged down as the crop is; with the (2, 3) matrix from there.

    A folder of photos fits into memory this way, whatever size they have.
    """
    side, height, width = EXPRESSION_CROP.side, *picture.shape
    reach = MARGIN * side
    ends = (-reach, side + reach)
    corners = transform(invert(matrix[None]), np.array([[[x, y] for x in ends for y in ends]]))[0]
    low = np.clip(np.floor(corners.min(0)), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(corners.max(0)), low + 1, (width, height)).astype(int)
    part = picture[low[1] : high[1], low[0] : high[0]]
    of_part = matrix.copy()
    of_part[:, 2] += matrix[:, :2] @ low
    factor = int(1 / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-6))
    if factor >= 2:
        part, of_part = shrunk(part, of_part, factor)
    return np.ascontiguousarray(part), of_part


class _Finder:
    """Finds the face of a picture: of one cut out with the mesh network, of a photo with the whole pipeline."""

    def __init__(self, crop_as: str | None) -> None:
        self._as, self._aligner = crop_as, Aligner()
        self._judge = CropJudge() if crop_as is None else None
        self._pipeline: Pipeline | None = None

    def find(self, picture: Luma) -> tuple[NDArray[np.float64] | None, bool]:
        """Return the (2, 3) matrix to the crop, None without a face, and whether the picture is tight."""
        tight = self._judge.is_tight(picture) if self._judge else self._as == "tight"
        if tight:
            seen = self._aligner.align(picture)
            return (seen.matrix if seen.found else None), True
        if self._pipeline is None:
            self._pipeline = Pipeline(Options(faces_max=1))
        meshes = self._pipeline.process_photo(Frame(picture)).measurements.meshes
        return (matrices_from_meshes(meshes[:1], EXPRESSION_CROP)[0] if len(meshes) else None), False


def _opened(folder: Path, class_map: Mapping[str, str], crop_as: str | None) -> EvaluationSet:
    if folder.is_file():
        raise OptionError(f"{folder}: expected a folder with a folder a class, such as happy/ and sad/")
    try:
        data = open_set(folder, split="all", class_map=class_map, crop=crop_as)
    except OptionError as error:
        raise OptionError(f"{error}. The classes are {', '.join(FERPLUS)}; no others can be learnt") from error
    if len(data.classes) < 2:
        raise OptionError(f"{folder}: all pictures are of one class, {data.classes[0]}; two or more are needed")
    return data


def _joined(
    data: EvaluationSet,
    kept: list[tuple[int, Luma, NDArray[np.float64], Luma, bool]],
    unreadable: tuple[tuple[str, str], ...],
    faceless: tuple[str, ...],
) -> OwnFaces:
    rows = [row for row, *_ in kept]
    found = data.take(np.array(rows))
    there = [place for place in range(len(data.classes)) if (found.truth == place).any()]
    faces = OwnFaces(
        name=data.name,
        classes=data.classes,
        truth=found.truth,
        names=found.names,
        persons=found.persons,
        splits=tuple(split_of(Path(name).parts[0]) or "" for name in found.names),
        parts=tuple(part for _, part, *_ in kept),
        matrices=np.stack([matrix for _, _, matrix, *_ in kept]),
        crops=np.stack([cut for *_, cut, _ in kept]),
        tight=np.array([tight for *_, tight in kept]),
        unreadable=unreadable,
        faceless=faceless,
        left_out=tuple(data.origin.get("left_out", {}).items()),
    )
    if len(there) < 2:
        raise OptionError(
            f"{data.name}: only {data.classes[there[0]]} has pictures with a face; two classes are needed"
        )
    places = {old: new for new, old in enumerate(there)}
    truth = np.array([places[int(place)] for place in faces.truth], np.int64)
    return replace(faces, classes=tuple(data.classes[place] for place in there), truth=truth)
