"""Pictures in parquet files: columns `image` ({bytes, path} or bytes) and `label`, perhaps `votes` and `person`."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mimika.data.errors import InputCorrupt, InputMissing, InputUnsupported, OptionError
from mimika.data.labels import FER2013, FERPLUS
from mimika.evaluation.datasets import EvaluationSet, of_fer2013
from mimika.evaluation.spelling import class_of
from mimika.stages.capture.photo import PhotoCapture

SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "publictest"),
    "test": ("test", "testing", "privatetest"),
}
"""How parts of a data set are called, as the beginning of a file's name or the name of a folder."""


def open_tables(
    place: Path, files: Sequence[Path], split: str, labels: str | None, class_map: Mapping[str, str]
) -> EvaluationSet:
    """Return the pictures of parquet files, those of one split where the files are named after splits.

    Raises:
        InputUnsupported: if a column is missing.
        OptionError: if the split is not there, or a class is not known.
    """
    chosen = _of_split(place, files, split)
    table = pa.concat_tables([_read(file) for file in chosen], promote_options="permissive")
    images = table.column("image")
    paths = _paths(images, place)

    def read(row: int) -> NDArray[np.uint8]:
        value = images[row].as_py()
        return decoded(value["bytes"] if isinstance(value, dict) else value, paths[row])

    origin: dict[str, Any] = {"kind": "parquet", "split": split if len(chosen) < len(files) else "all"}
    labelled = table.column("label")
    votes = _votes(table)
    if votes is not None and pa.types.is_integer(labelled.type):
        numbers = labelled.to_numpy().astype(np.int64)
        return of_fer2013(f"{place.name} {split}", labels, numbers, votes, paths, read, origin)
    if labels is not None:
        raise OptionError(f"{place}: --labels is for FER-2013 with its votes; this table has labels of its own")
    names, truth = _truth(place, labelled.to_pylist(), class_map)
    persons = tuple(map(str, table.column("person").to_pylist())) if "person" in table.column_names else None
    found = EvaluationSet(place.stem, names, truth, paths, read, None, persons, None, {}, origin)
    return found.take(truth >= 0)


def decoded(data: bytes, name: str) -> NDArray[np.uint8]:
    """Return the luma of an encoded picture.

    Raises:
        InputError: if the bytes are no picture.
    """
    if not data:
        raise InputCorrupt(name, "file is empty")
    with PhotoCapture(io.BytesIO(data), name=name) as photo:
        return next(iter(photo)).luma


def split_of(name: str) -> str | None:
    """Return the split that a file or folder is named after: "train-00000-of-00003.parquet" is "train"."""
    word = name.casefold().replace("_", "-").split("-")[0].split(".")[0]
    return next((split for split, words in SPLIT_NAMES.items() if word in words), None)


def _of_split(place: Path, files: Sequence[Path], split: str) -> list[Path]:
    named = {file: split_of(file.name) for file in files}
    if split == "all" or len(files) == 1 or not any(named.values()):
        return list(files)
    chosen = [file for file in files if named[file] == split]
    if not chosen:
        there = ", ".join(sorted({name for name in named.values() if name}))
        raise OptionError(f"{place}: --split {split} is not there, only {there}")
    return chosen


def _read(file: Path) -> pa.Table:
    try:
        columns = pq.read_schema(file).names
        lacking = [name for name in ("image", "label") if name not in columns]
        if lacking:
            raise InputUnsupported(str(file), f"has no column {' and no column '.join(lacking)}")
        return pq.read_table(file, columns=[n for n in ("image", "label", "votes", "person") if n in columns])
    except (pa.ArrowInvalid, OSError) as error:
        raise InputCorrupt(
            str(file), f"not a parquet file that can be read ({' '.join(str(error).split())})"
        ) from error


def _paths(images: pa.ChunkedArray, place: Path) -> tuple[str, ...]:
    if not pa.types.is_struct(images.type):
        return tuple(f"{place.name}:{row}" for row in range(len(images)))
    fields = [field.name for field in images.type]
    if "path" not in fields:
        return tuple(f"{place.name}:{row}" for row in range(len(images)))
    paths = pa.compute.struct_field(images, "path").to_pylist()
    return tuple(path or f"{place.name}:{row}" for row, path in enumerate(paths))


def _votes(table: pa.Table) -> NDArray[np.int64] | None:
    if "votes" not in table.column_names:
        return None
    return np.array(table.column("votes").to_pylist(), np.int64).reshape(len(table), -1)


def _truth(place: Path, values: list[Any], class_map: Mapping[str, str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the classes that occur, in our order, and each row's; rows without a label or left out get -1."""
    if any(isinstance(value, int) for value in values):
        values = ["" if value is None or not 0 <= value < len(FER2013) else FER2013[value] for value in values]
    meaning = {value: class_of(value, class_map) if value else "" for value in set(values) if value is not None}
    unknown = sorted(value for value, found in meaning.items() if found is None)
    if unknown:
        raise OptionError(f"{place}: no class is called {', '.join(unknown)}; name them in a --map file")
    names = tuple(name for name in FERPLUS if name in meaning.values())
    if not names:
        raise InputMissing(str(place), "holds no labelled picture")
    return names, np.array([names.index(m) if (m := meaning.get(value)) else -1 for value in values], np.int64)
