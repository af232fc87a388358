"""The FER-2013 file of the Kaggle challenge, `fer2013.csv`, and FER+'s `fer2013new.csv` beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from mimika.data.errors import InputCorrupt, InputUnsupported, OptionError
from mimika.evaluation.datasets import EvaluationSet, of_fer2013

SIDE = 48
USAGE = {"train": "Training", "validation": "PublicTest", "test": "PrivateTest"}
VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
FERPLUS_FILE = "fer2013new.csv"


def open_csv(file: Path, split: str, labels: str | None) -> EvaluationSet:
    """Return one split of a `fer2013.csv` (columns emotion, pixels, Usage).

    Raises:
        InputUnsupported: if a column is missing.
        InputCorrupt: if it is not a CSV file, or the votes beside it are of other rows.
        OptionError: if the split is not there, or votes are asked for and there are none.
    """
    table = _table(file, ("emotion", "pixels"))
    rows = _rows(file, table, split)
    votes = _votes(file.with_name(FERPLUS_FILE), len(table))
    numbers, pixels = table.column("emotion").cast(pa.int64()).to_numpy(), table.column("pixels")
    names = tuple(f"{file.name}:{row + 2}" for row in rows)

    def read(row: int) -> NDArray[np.uint8]:
        return _picture(str(pixels[int(rows[row])]), names[row])

    chosen = None if votes is None else votes[rows]
    origin = {"kind": "fer2013.csv", "split": split}
    return of_fer2013(f"{file.stem} {split}", labels, numbers[rows], chosen, names, read, origin)


def _table(file: Path, wanted: tuple[str, ...]) -> pa.Table:
    try:
        # A row holds about 9 kB; a block must hold a whole row.
        table = pacsv.read_csv(file, read_options=pacsv.ReadOptions(block_size=1 << 24))
    except (pa.ArrowInvalid, OSError) as error:
        raise InputCorrupt(
            str(file), f"not a CSV file that can be read ({' '.join(str(error).split())[:120]})"
        ) from error
    table = table.rename_columns([name.strip() for name in table.column_names])
    lacking = [name for name in wanted if name not in table.column_names]
    if lacking:
        raise InputUnsupported(str(file), f"has no column {' and no column '.join(lacking)}; is it a fer2013.csv?")
    return table


def _rows(file: Path, table: pa.Table, split: str) -> NDArray[np.int64]:
    if split == "all" or "Usage" not in table.column_names:
        return np.arange(len(table))
    usage = pc.utf8_trim_whitespace(table.column("Usage"))
    rows = np.flatnonzero(pc.equal(usage, USAGE[split]).to_numpy(zero_copy_only=False))
    if not len(rows):
        raise OptionError(f"{file}: --split {split} is not there, only {', '.join(sorted(set(usage.to_pylist())))}")
    return rows


def _votes(file: Path, count: int) -> NDArray[np.int64] | None:
    if not file.is_file():
        return None
    table = _table(file, VOTES)
    if len(table) != count:
        raise InputCorrupt(str(file), f"has {len(table)} rows where fer2013.csv has {count}; they belong row to row")
    return np.stack([table.column(name).cast(pa.int64()).to_numpy() for name in VOTES], axis=1)


def _picture(text: str, name: str) -> NDArray[np.uint8]:
    try:
        values = np.array(text.split(), np.uint8)
    except (ValueError, OverflowError) as error:
        raise InputCorrupt(name, "pixels are not numbers of 0..255") from error
    if values.size != SIDE * SIDE:
        raise InputCorrupt(name, f"has {values.size} pixels where {SIDE * SIDE} are expected")
    return values.reshape(SIDE, SIDE)
