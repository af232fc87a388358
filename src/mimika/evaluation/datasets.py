"""Labelled faces to measure a model on, whatever way they are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data._check import one_of
from mimika.data.errors import InputMissing, InputUnsupported, OptionError
from mimika.data.labels import FER2013, FERPLUS
from mimika.evaluation import votes as voting

LABELS = ("fer2013", "ferplus", "ferplus-majority")
SPLITS = ("train", "validation", "test", "all")
CROPS = ("tight", "detect")


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """n labelled pictures, decoded one by one when they are asked for.

    `classes` are of `labels.FERPLUS`; `truth` (n,) is a place in them, -1 for a picture that does not count. `votes`
    (n, 10) are FER+'s where there are any; `persons` (n) who is shown, where that is known; `names` (n) what messages
    call each picture. `read` gives the (height, width) uint8 luma of a row. `crop` is "tight" where every picture is a
    face cut out, "detect" where faces are to be sought, None where each picture decides. `other_truths` are other
    rules for the same pictures. `origin` says where the set comes from, for the report.
    """

    name: str
    classes: tuple[str, ...]
    truth: NDArray[np.int64]
    names: tuple[str, ...]
    read: Callable[[int], NDArray[np.uint8]] = field(repr=False, compare=False)
    votes: NDArray[np.int64] | None = None
    persons: tuple[str, ...] | None = None
    crop: str | None = None
    other_truths: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.truth)

    def picture(self, row: int) -> NDArray[np.uint8]:
        """Return the (height, width) uint8 luma of one picture.

        Raises:
            InputError: if it cannot be read; the others can go on.
        """
        return self.read(row)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> EvaluationSet:
        """Return the chosen rows, in that order."""
        kept = np.arange(len(self))[rows]
        return replace(
            self,
            truth=self.truth[kept],
            names=tuple(self.names[row] for row in kept),
            read=lambda row: self.read(int(kept[row])),
            votes=None if self.votes is None else self.votes[kept],
            persons=None if self.persons is None else tuple(self.persons[row] for row in kept),
            other_truths={name: truth[kept] for name, truth in self.other_truths.items()},
        )


def open_set(
    path: str | Path,
    *,
    split: str = "test",
    labels: str | None = None,
    class_map: Mapping[str, str] | None = None,
    crop: str | None = None,
) -> EvaluationSet:
    """Open a Kaggle `fer2013.csv`, a parquet file or folder, or a folder of class folders.

    `split` picks a part where the data have parts, "all" takes everything. `labels` chooses between the label sets of
    FER-2013: "fer2013" (the default), "ferplus" (clean votes), "ferplus-majority". `class_map` names classes that
    are not known by themselves, see `spelling.class_of`. `crop` is "tight", "detect", or None to decide by picture.

    Raises:
        InputMissing: if there is nothing there, or no picture in it.
        InputUnsupported: if the data are laid out in no known way.
        OptionError: if an argument is none of its choices, or the data lack what is asked for.
    """
    one_of("--split", split, SPLITS)
    if labels is not None:
        one_of("--labels", labels, LABELS)
    if crop is not None:
        one_of("--crop", crop, CROPS)
    place = Path(path)
    if not place.exists():
        raise InputMissing(str(path), "no such file or folder")
    found = _opened(place, split, labels, class_map or {})
    if not len(found):
        raise InputMissing(str(path), "holds no labelled picture that counts")
    return found if crop is None else replace(found, crop=crop)


def _opened(place: Path, split: str, labels: str | None, class_map: Mapping[str, str]) -> EvaluationSet:
    from mimika.evaluation import folders, kaggle, tables

    if place.is_file():
        if place.suffix.lower() == ".csv":
            return kaggle.open_csv(place, split, labels)
        if place.suffix.lower() == ".parquet":
            return tables.open_tables(place, [place], split, labels, class_map)
        raise InputUnsupported(str(place), "expected a fer2013.csv, a .parquet file, or a folder")
    for inner in (place, place / "fer2013"):
        files = sorted(inner.glob("*.parquet")) if inner.is_dir() else []
        if files:
            return tables.open_tables(inner, files, split, labels, class_map)
    if (place / "fer2013.csv").is_file():
        return kaggle.open_csv(place / "fer2013.csv", split, labels)
    if labels is not None:
        raise OptionError(f"{place}: --labels is for FER-2013; a folder of class folders has its own labels")
    return folders.open_folder(place, split, class_map)


def of_fer2013(
    name: str,
    labels: str | None,
    numbers: NDArray[np.int64],
    votes: NDArray[np.int64] | None,
    names: tuple[str, ...],
    read: Callable[[int], NDArray[np.uint8]],
    origin: Mapping[str, Any],
) -> EvaluationSet:
    """Return FER-2013 pictures under one of its label sets; rows that count by no rule are left out.

    `numbers` (n,) are the seven-class labels, -1 for none; `votes` (n, 10) those of FER+. With FER+ both rules are
    kept, the one asked for in `truth` and the other in `other_truths`, so that one run answers both.

    Raises:
        OptionError: if votes are asked for and there are none.
    """
    labels = labels or "fer2013"
    whole: dict[str, Any] = {"name": name, "names": names, "read": read, "votes": votes, "crop": "tight"}
    about = {**origin, "labels": labels}
    if labels == "fer2013":
        known = EvaluationSet(classes=FER2013, truth=numbers, origin=about, **whole)
        return known.take(numbers >= 0)
    if votes is None:
        raise OptionError(f"{name}: --labels {labels} needs the votes of FER+ (fer2013new.csv, or a column votes)")
    rules = {
        "ferplus": voting.truth_by(votes, voting.clean_rows(votes)),
        "ferplus-majority": voting.truth_by(votes, voting.majority_rows(votes)),
    }
    counted = np.any([truth >= 0 for truth in rules.values()], axis=0)
    truth = rules.pop(labels)
    return EvaluationSet(classes=FERPLUS, truth=truth, other_truths=rules, origin=about, **whole).take(counted)
