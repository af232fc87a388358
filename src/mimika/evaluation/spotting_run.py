"""Spots micro-expressions in the videos of a data set and scores them by the Grand Challenge's protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mimika.data.errors import InputError, InputMissing
from mimika.data.options import Options
from mimika.evaluation.annotations import read_annotations
from mimika.evaluation.movement_cache import kept_movements
from mimika.evaluation.spotted import events_of
from mimika.evaluation.spotting import Event, score, unit_scores
from mimika.micro import PICTURES
from mimika.stages.timeline.micro import spot, visible_from_s

VIDEOS = (".mp4", ".avi", ".mkv", ".mov", ".wmv", ".m4v", ".webm")
Progress = Callable[[int, int], None]


def evaluate_spotting(
    annotations: Path,
    videos: Path,
    cache: Path | None = None,
    fps: float | None = None,
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return the scores as JSON-ready values, with what was skipped and why.

    `videos`: a folder searched at any depth for video files and folders of pictures; the latter need `fps`.

    Raises:
        InputError: if the annotations cannot be read, or none of their videos is there.
    """
    truth = read_annotations(annotations)
    places = _places(videos)
    names = sorted({event.video for event in truth})
    found: list[Event] = []
    measured: set[str] = set()
    skipped, seconds, steps = [], 0.0, []
    for number, name in enumerate(names):
        place = next((place for key, place in places if _fits(key, name)), None)
        try:
            if place is None:
                raise InputMissing(name, f"no such video below {videos}")
            movements = kept_movements(place, cache, Options(faces_max=1), fps)
            if movements is None or len(movements) < 2:
                raise InputMissing(str(place), "shows no face")
        except InputError as error:
            skipped.append({"video": name, "reason": error.reason})
            continue
        found += events_of(name, movements, spot(movements), fps)
        measured.add(name)
        seconds += len(movements) * movements.step_s
        steps.append(visible_from_s(movements))
        if progress is not None:
            progress(number + 1, len(names))
    if not measured:
        raise InputMissing(str(videos), f"none of the {len(names)} annotated videos is there")
    own = [event for event in truth if event.video in measured]
    return {
        "command": " ".join(command),
        "annotations": annotations.name,
        "videos": len(measured),
        "skipped": skipped,
        "visible_from_s": round(max(steps), 3),
        **score(own, found, seconds),
        "units": unit_scores(own, found),
    }


def _places(videos: Path) -> list[tuple[str, Path]]:
    """Return every video below a folder with its name in small letters, without a leading s."""
    if not videos.is_dir():
        raise InputMissing(str(videos), "no such folder")
    files = sorted(videos.rglob("*"))
    found = [file for file in files if file.suffix.lower() in VIDEOS and not file.name.startswith(".")]
    found += sorted({file.parent for file in files if file.suffix.lower() in PICTURES})
    return [(_plain(place.stem if place.is_file() else place.name), place) for place in found]


def _fits(key: str, name: str) -> bool:
    wanted = _plain(name)
    return key == wanted or (key.startswith(wanted) and not key[len(wanted)].isdigit())


def _plain(name: str) -> str:
    lower = name.lower()
    return lower[1:] if lower[:1] == "s" and lower[1:2].isdigit() else lower
