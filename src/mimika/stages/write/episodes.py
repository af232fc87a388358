"""What each face did, one line an episode, transition or mixed state."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mimika.data.baseline import Baseline
from mimika.data.episodes import Findings
from mimika.data.observation import Observation
from mimika.data.timeline import Collector, Timeline
from mimika.stages.write.columns import plain
from mimika.stages.write.files import LineFile

EPISODE_COLUMNS = {
    "source": "the input as it was named",
    "face_id": "the face, as in the table",
    "kind": "expression, action_unit, state (a blink, drowsiness …), micro, transition or mixture",
    "label": "expression, action unit or state; of a transition where it led; of a mixture its parts and shares",
    "side": "left or right (the subject's own) or both for action units that have sides",
    "name": "what the literature calls a mixture; of a transition the expression before",
    "onset_s": "when it began, seconds",
    "apex_s": "when it was strongest, of a transition the middle, seconds",
    "offset_s": "when it had ended, seconds",
    "duration_s": "from onset to offset, seconds",
    "peak": "its highest value: a probability 0..1, an intensity 0..5, that of a state's indicator, the first share; "
    "of micro pixels of a face 150 px wide",
    "letter": "of an action unit the FACS letter of its peak, A to E",
    "confidence": "0..1, how clearly it stood out",
}
"""The columns of an episode table and what they mean."""


class EpisodesSink:
    """Gathers what each face does and writes it when the recording ends, ordered by face and onset.

    `find` reads one face's timeline; `findings` holds what it found once the sink is closed. After an interrupt it
    writes what was seen up to there.

    Raises:
        OutputError: OutputExists without `force`, OutputFull when the disk is full.
    """

    kind = "episodes"

    def __init__(self, path: Path, find: Callable[[Timeline], Findings], force: bool = False) -> None:
        self.path, self._find, self._force = Path(path), find, force
        self.findings: list[Findings] = []

    def __enter__(self) -> Self:
        self._collector, self._source = Collector(), ""
        self._file = LineFile(self.path, self._force)
        return self

    def write(self, observation: Observation) -> None:
        """Take in one frame."""
        self._source = self._source or observation.frame.source
        self._collector.add(observation)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.findings = [self._find(line) for line in self._collector.timelines()]
            text = io.StringIO(newline="")
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(EPISODE_COLUMNS)
            for found in self.findings:
                writer.writerows([plain(self._source), *row.values()] for row in episode_rows(found))
            self._file.write(text.getvalue().encode())
        finally:
            self._file.close()

    def told(self) -> dict[str, Any]:
        """Return what the JSON file beside the results says."""
        rows = [row for found in self.findings for row in episode_rows(found)]
        return {"episodes": rows} | ({"remarks": self.remarks} if self.remarks else {})

    @property
    def remarks(self) -> list[str]:
        """What could not be told, and why; each once."""
        return list(dict.fromkeys(remark for found in self.findings for remark in found.remarks))


def episode_rows(found: Findings) -> list[dict[str, Any]]:
    """Return all that a face did in the order of onsets, one dictionary each, keys as in `EPISODE_COLUMNS`."""
    rows: list[dict[str, Any]] = []
    for episode in found.episodes:
        times = (episode.onset_s, episode.apex_s, episode.offset_s)
        rest: dict[str, Any] = {"peak": round(episode.peak, 4), "letter": episode.letter}
        rest["confidence"] = round(episode.confidence, 4)
        rows.append(_row(found.face, episode.kind, episode.label, episode.side, "", times) | rest)
    for change in found.transitions:
        times = (change.start_s, change.when_s, change.end_s)
        rows.append(_row(found.face, "transition", change.target, "", change.origin, times))
    for mixture in found.mixtures:
        onset, offset = mixture.onset_s, mixture.offset_s
        row = _row(found.face, "mixture", str(mixture), "", mixture.name, (onset, None, offset))
        rows.append(row | {"peak": round(mixture.shares[0][1], 4)})
    return sorted(rows, key=lambda row: (row["onset_s"], row["kind"], row["label"]))


def _row(
    face: int, kind: str, label: str, side: str, name: str, times: tuple[float, float | None, float]
) -> dict[str, Any]:
    onset, apex, offset = times
    return {
        "face_id": face,
        "kind": kind,
        "label": label,
        "side": side,
        "name": name,
        "onset_s": round(onset, 4),
        "apex_s": None if apex is None else round(apex, 4),
        "offset_s": round(offset, 4),
        "duration_s": round(offset - onset, 4),
        "peak": None,
        "letter": "",
        "confidence": None,
    }


class BaselineSink:
    """Saves the neutral faces of a recording when it ends; `known` says which they are, `text` how they are written."""

    kind = "baseline"

    def __init__(
        self,
        path: Path,
        known: Callable[[], list[Baseline]],
        text: Callable[[list[Baseline]], str],
        force: bool = False,
    ) -> None:
        self.path, self._known, self._text, self._force = Path(path), known, text, force
        self._kept: list[Baseline] = []

    def __enter__(self) -> Self:
        self._file = LineFile(self.path, self._force)
        return self

    def write(self, observation: Observation) -> None:
        """Take in one frame; the baselines know it already."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._kept = self._known()
            self._file.write(self._text(self._kept).encode())
        finally:
            self._file.close()

    def told(self) -> dict[str, Any]:
        """Return what the JSON file beside the results says."""
        return {"baselines": [baseline.as_json(shape=False) for baseline in self._kept]}
