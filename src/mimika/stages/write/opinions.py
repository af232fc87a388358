"""What a second model said of the faces: one line of JSON a question, beside the table that it refines."""

from __future__ import annotations

import json
from typing import Protocol, runtime_checkable

from mimika.data.observation import Observation
from mimika.data.opinion import Asked
from mimika.stages.write.files import LineSink


@runtime_checkable
class Hears(Protocol):
    """A sink that also tells what a second model said."""

    def hear(self, asked: Asked) -> None:
        """Take in one question and what became of it."""
        ...


class OpinionsSink(LineSink):
    """Writes a line for each question as soon as it is known what became of it: also where no answer was had.

    Each line holds source, time and face as in the table, `outcome` and `reason`, the model's own label, its
    probabilities and its sentence, time, cost and tokens, and what this machine alone said.

    Raises:
        OutputError: OutputExists without `force`, OutputFull when the disk is full.
    """

    def write(self, observation: Observation) -> None:
        """Rows are told elsewhere."""

    def hear(self, asked: Asked) -> None:
        """Add the line of one question."""
        self._file.write((json.dumps(asked.as_json(), ensure_ascii=False, allow_nan=False) + "\n").encode())
        self.rows += 1
