"""The table as comma-separated values (RFC 4180, UTF-8, header line, empty cells where there is no face)."""

from __future__ import annotations

from typing import Self

from mimika.data.observation import Observation
from mimika.stages.write.columns import names, rows
from mimika.stages.write.files import LineSink


class CsvSink(LineSink):
    """Writes one line a face as soon as its frame is done; lines once written survive a killed process.

    Raises:
        OutputError: OutputExists without `force`, OutputFull when the disk is full.
    """

    def __enter__(self) -> Self:
        super().__enter__()
        self._put([names(self._mesh)])
        return self

    def write(self, observation: Observation) -> None:
        """Add the rows of one frame."""
        found = rows(observation, self._mesh)
        self._put([tuple(row.values()) for row in found])
        self.rows += len(found)
