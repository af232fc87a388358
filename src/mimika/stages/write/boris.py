"""Episodes in the layout of BORIS's "aggregated events", tab-separated.

Source: Friard, Gamba, "BORIS: a free, versatile open-source event-logging software for video/audio coding and live
observations", Methods in Ecology and Evolution 2016; the columns are those that BORIS 8 and 9 export.
"""

from __future__ import annotations

import csv
import io
from pathlib import PurePath

import numpy as np

from mimika.data.episodes import Episode
from mimika.stages.write.columns import plain
from mimika.stages.write.whole import Recording, WholeSink

COLUMNS = (
    *("Observation id", "Observation date", "Description", "Observation type", "Source", "Time offset (s)"),
    *("Coding duration", "Media duration (s)", "FPS (frame/s)", "Subject"),
    *("Observation duration by subject by observation", "Behavior", "Behavioral category", "Modifier #1"),
    *("Behavior type", "Start (s)", "Stop (s)", "Duration (s)", "Media file name", "Image index start"),
    *("Image index stop", "Image file path start", "Image file path stop", "Comment start", "Comment stop"),
)
_CATEGORIES = {"expression": "expression", "action_unit": "action unit", "micro": "micro-expression", "state": "state"}
_NONE = "NA"


class BorisSink(WholeSink):
    """Writes one line an episode, a state event with start and stop; the modifier is the side of an action unit."""

    def _text(self, recording: Recording) -> str:
        text = io.StringIO(newline="")
        table = csv.writer(text, dialect="excel-tab", lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(_row(episode, recording) for episode in recording.episodes())
        return text.getvalue()


def _row(episode: Episode, recording: Recording) -> tuple[str, ...]:
    source = recording.source
    media, coded = plain(source.name), recording.length_s
    length = f"{source.duration_s:.3f}" if source.duration_s else _NONE
    prefix = "micro " if episode.kind == "micro" else ""
    return (
        *(PurePath(media).stem, "", "measured by mimika", "Media file(s)", f"player #1:{media}", "0"),
        *(f"{coded:.3f}", length, f"{source.fps:.3f}" if source.fps else _NONE, f"face{episode.face}"),
        *(f"{coded:.3f}", prefix + episode.label, _CATEGORIES[episode.kind], episode.side),
        *("STATE", f"{episode.onset_s:.3f}", f"{episode.offset_s:.3f}", f"{episode.duration_s:.3f}", media),
        *(_frame(episode, recording, episode.onset_s), _frame(episode, recording, episode.offset_s), _NONE, _NONE),
        *(f"peak {episode.peak:.2f} at {episode.apex_s:.3f} s, confidence {episode.confidence:.2f}", ""),
    )


def _frame(episode: Episode, recording: Recording, time_s: float) -> str:
    """Return the number of the frame that shows a face at a time."""
    for timeline in recording.timelines:
        if timeline.face == episode.face and len(timeline):
            row = int(np.abs(timeline.time_s - time_s).argmin())
            return str(int(timeline.numbers[row]))
    return _NONE
