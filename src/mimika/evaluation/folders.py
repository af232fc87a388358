"""A folder with one folder a class: `happy/1.jpg`, `sad/2.png`, perhaps below `train/`, `validation/`, `test/`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import InputMissing, OptionError
from mimika.data.labels import FERPLUS
from mimika.evaluation.datasets import EvaluationSet
from mimika.evaluation.spelling import LEFT_OUT, class_of
from mimika.evaluation.tables import split_of
from mimika.stages.capture.inputs import expand
from mimika.stages.capture.photo import PhotoCapture


def open_folder(place: Path, split: str, class_map: Mapping[str, str]) -> EvaluationSet:
    """Return the pictures below the class folders of a folder; a folder between class and picture is a person.

    Raises:
        InputMissing: if there is no class folder, or no picture in any.
        OptionError: if a folder is called by no known class, or the split is not there.
    """
    roots, used = _roots(place, split)
    files: list[tuple[Path, str, str | None]] = []
    left_out: dict[str, int] = {}
    for root in roots:
        for folder, name in _class_folders(root, class_map):
            pictures = [Path(file) for file in expand([str(folder)]) if Path(file) != folder]
            if name == LEFT_OUT:
                left_out[folder.name] = left_out.get(folder.name, 0) + len(pictures)
            else:
                files += [(file, name, _person(file, folder)) for file in pictures]
    if not files:
        raise InputMissing(str(place), "the class folders hold no picture")
    classes = tuple(name for name in FERPLUS if any(found == name for _, found, _ in files))
    persons = [person for _, _, person in files]

    def read(row: int) -> NDArray[np.uint8]:
        with PhotoCapture(files[row][0]) as photo:
            return next(iter(photo)).luma

    return EvaluationSet(
        name=place.resolve().name,
        classes=classes,
        truth=np.array([classes.index(name) for _, name, _ in files], np.int64),
        names=tuple(str(file.relative_to(place)) for file, _, _ in files),
        read=read,
        persons=tuple(person for person in persons if person) if all(persons) else None,
        origin={"kind": "folder", "split": used, "left_out": left_out},
    )


def _roots(place: Path, split: str) -> tuple[list[Path], str]:
    """Return the folders that hold the class folders, and the split that this is."""
    splits = {folder: split_of(folder.name) for folder in _below(place)}
    if not splits or not all(splits.values()):
        return [place], "all"
    chosen = [folder for folder, name in splits.items() if split in (name, "all")]
    if not chosen:
        raise OptionError(
            f"{place}: --split {split} is not there, only {', '.join(sorted(filter(None, set(splits.values()))))}"
        )
    return chosen, split


def _class_folders(root: Path, class_map: Mapping[str, str]) -> list[tuple[Path, str]]:
    folders = _below(root)
    if not folders:
        raise InputMissing(str(root), "holds no class folders, such as happy/ and sad/, no fer2013.csv and no .parquet")
    named = [(folder, class_of(folder.name, class_map)) for folder in folders]
    unknown = [folder.name for folder, name in named if name is None]
    if unknown:
        raise OptionError(
            f"{root}: no class is called {', '.join(unknown)}; name them in a --map file (an empty name leaves one out)"
        )
    return [(folder, name) for folder, name in named if name is not None]


def _below(place: Path) -> list[Path]:
    return sorted(folder for folder in place.iterdir() if folder.is_dir() and not folder.name.startswith("."))


def _person(file: Path, folder: Path) -> str | None:
    between = file.relative_to(folder).parts[:-1]
    return between[0] if between else None
