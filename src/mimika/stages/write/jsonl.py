"""The table as JSON lines: one object a face, null where there is no face."""

from __future__ import annotations

import json
from typing import Any

from mimika.data.observation import Observation
from mimika.stages.write.columns import mesh_values, rows
from mimika.stages.write.files import LineSink


class JsonlSink(LineSink):
    """Writes one line a face as soon as its frame is done; lines once written survive a killed process.

    The mesh, on request, is one list of 478 [x, y, z] under the key "mesh".

    Raises:
        OutputError: OutputExists without `force`, OutputFull when the disk is full.
    """

    def write(self, observation: Observation) -> None:
        """Add the rows of one frame."""
        found = rows(observation)
        if self._mesh:
            for index, row in enumerate(found):
                row["mesh"] = _points(observation, index)
        lines = "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in found)
        self._file.write(lines.encode())
        self.rows += len(found)


def _points(observation: Observation, index: int) -> list[list[Any]] | None:
    if not len(observation):
        return None
    flat = mesh_values(observation, index)
    return [flat[start : start + 3] for start in range(0, len(flat), 3)]
