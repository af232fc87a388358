"""Rows as an analysis gives them, for tests of the memory."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from mimika.data.observation import Observation
from mimika.stages.write.columns import rows
from mimika.stages.write.parquet import table_schema
from tests import builders


def table(observations: Iterable[Observation]) -> pa.Table:
    """Return the rows of some frames in the table's own columns."""
    return pa.Table.from_pylist([row for each in observations for row in rows(each)], schema=table_schema(False))


def clip(frames: int = 30, faces: int = 1, fps: float = 25.0) -> pa.Table:
    """Return the rows of a made clip."""
    return table(builders.clip(frames, fps, faces))
