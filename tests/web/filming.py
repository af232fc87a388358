"""Uploaded videos for tests: small films of a real face, and jobs that are done in this process."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from mimika.data.options import Options
from mimika.pipeline import Pipeline
from mimika.stages.capture.video import VideoCapture
from mimika.store import Job, Recording, Store
from mimika.web.series import table_of
from mimika.web.worker import _work
from tests.films import scene, write_film


def film(path: Path, frames: int = 50, faces: int = 1, fps: int = 25) -> Path:
    """Write a film in which one face wanders to the right, or two towards each other."""
    pictures = []
    for number in range(frames):
        heads = [(90 + 1.2 * number, 90.0, 0.6), (300 - 0.6 * number, 150.0, 0.55)][:faces]
        pictures.append(scene(*heads, size=(400, 240)))
    return write_film(path, pictures, fps)


def queued(store: Store, path: Path, owner: str = "local", **options: Any) -> tuple[Recording, Job]:
    """Put a file into the store as an upload does."""
    limits = options.pop("limits", {})
    mode = options.pop("mode", "expressions")
    recording = store.add_recording(owner, name=path.name, kind="video", mode=mode)
    place = store.folder(owner, recording.id) / f"upload{path.suffix}"
    place.write_bytes(path.read_bytes())
    return recording, store.add_job(owner, recording.id, str(place), {"choice": options, "limits": limits})


def analysed(store: Store, path: Path, **options: Any) -> tuple[Recording, Job]:
    """Do a job as the worker does, in this process; its recording and the job afterwards."""
    return again(store, queued(store, path, **options)[0])


def again(store: Store, recording: Recording) -> tuple[Recording, Job]:
    """Do the job that waits, for this recording."""
    job = store.claim_job("test", 60.0)
    assert job is not None
    _work(store, job, "test", 60.0, threading.Event())
    return store.recording("local", recording.id), store.job("local", job.id)


def straight(path: Path, options: Options | None = None) -> list[dict[str, Any]]:
    """Return the rows of a video that is analysed without a break."""
    with VideoCapture(path, options) as capture:
        observations = list(Pipeline(options).run(capture))
    return list(table_of(observations, "expressions", mesh=False).to_pylist())


def rows_of(store: Store, recording: str, owner: str = "local") -> list[dict[str, Any]]:
    """Return what was stored, as plain rows."""
    return list(store.rows(owner, recording).to_pylist())


def whereabouts(rows: list[dict[str, Any]]) -> list[tuple[int, float, int | None]]:
    """Return frame, time and face of each row."""
    return [(row["frame"], row["time_s"], row["face_id"]) for row in rows]
