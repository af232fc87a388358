"""A tab-separated log with the head and the columns of FaceReader's "detailed log", for scripts made for that program.

Columns of things that mimika does not measure (gender, age, beard, heart rate, …) are left out, as an export from
FaceReader leaves out what was not chosen.

Source: Loijens, Krips, "FaceReader methodology note", Noldus Information Technology; the layout is that of exported
logs which public scripts read: eight lines, then the names of the columns.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np

from mimika.data.frame import SourceInfo
from mimika.data.labels import ACTION_UNITS, FERPLUS
from mimika.data.observation import Observation
from mimika.stages.write.columns import plain
from mimika.stages.write.files import LineSink
from mimika.stages.write.units import UNIT_NAMES

EXPRESSIONS = {
    "Neutral": "neutral", "Happy": "happiness", "Sad": "sadness", "Angry": "anger", "Surprised": "surprise",
    "Scared": "fear", "Disgusted": "disgust", "Contempt": "contempt",
}  # fmt: skip
UNITS = tuple(name for name in ACTION_UNITS if name not in ("AU16", "AU22", "AU28"))
"""FaceReader has twenty."""
_MEASURED = (
    *EXPRESSIONS,
    *("Valence", "Arousal", "Y - Head Orientation", "X - Head Orientation", "Z - Head Orientation", "Quality"),
    *(f"Action Unit {int(unit[2:]):02d} - {UNIT_NAMES[unit]}" for unit in UNITS),
)
COLUMNS = ("Video Time", *_MEASURED, "Participant Name")
NOT_FOUND = "FIND_FAILED"
_MOST = 5.0


class FaceReaderSink(LineSink):
    """Writes one line a face as soon as its frame is done; lines once written survive a killed process.

    `source` is what is analysed. "Participant Name" keeps several faces of one recording apart.

    Raises:
        OutputError: OutputExists without `force`, OutputFull when the disk is full.
    """

    def __init__(self, path: Path, source: SourceInfo, force: bool = False) -> None:
        super().__init__(path, force=force)
        self._source = source

    def __enter__(self) -> Self:
        super().__enter__()
        rate = f"{self._source.fps:.9f}" if self._source.fps else "-"
        head = (
            *("Video analysis detailed log", "", "Face Model\tGeneral (mimika)", "Calibration\t-", "Start time\t-"),
            *(f"Filename\t{plain(self._source.name)}", f"Frame rate\t{rate}", "", "\t".join(COLUMNS)),
        )
        self._file.write(("\n".join(head) + "\n").encode())
        return self

    def write(self, observation: Observation) -> None:
        """Add the rows of one frame; `FIND_FAILED` everywhere for a frame without a face."""
        time = clock(observation.frame.time_s)
        lines = [
            "\t".join((time, *cells, f"face {face}"))
            for cells, face in zip(_cells(observation), observation.faces.ids, strict=True)
        ]
        lines = lines or ["\t".join((time, *[NOT_FOUND] * len(_MEASURED), ""))]
        self._file.write("".join(line + "\n" for line in lines).encode())
        self.rows += len(lines)


def _cells(observation: Observation) -> list[list[str]]:
    """Return what was measured of each face as texts, empty where it was not."""
    measured, shown = observation.measurements, observation.expressions
    units = measured.action_units[:, [ACTION_UNITS.index(unit) for unit in UNITS]].max(axis=2) / _MOST
    table = np.column_stack(
        [
            shown.probabilities[:, [FERPLUS.index(name) for name in EXPRESSIONS.values()]],
            *(shown.valence, shown.arousal, measured.angles[:, [1, 0, 2]], measured.presence, units),
        ]
    )
    return [[f"{value:.4f}" if np.isfinite(value) else "" for value in row] for row in table]


def clock(time_s: float) -> str:
    """Return a time as hours:minutes:seconds.milliseconds."""
    whole = max(round(1000 * time_s), 0)
    minutes, milliseconds = divmod(whole, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
