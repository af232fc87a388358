"""How long the memory takes with a million observations in it, in SQLite and in PostgreSQL.

    python benchmarks/store.py --json docs/results/store.json

A memory is filled through its own interface: videos of 1,000 rows with every column of the table (walks at random, with
as many digits as real ones), 20 episodes and 4 events each, and photos of one row, over six months, for one owner with
20 persons. Then each question is asked 20 times, the months and filters in turn; told are milliseconds by the clock.
PostgreSQL is Debian's, started for this in a folder of its own with its own defaults but for `fsync`, which only
writing would notice. `load` is the machine's load average while asking: above the number of cores, others were
computing too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mimika.data.episodes import Episode
from mimika.data.events import Event
from mimika.data.labels import FERPLUS
from mimika.data.purpose import Purpose
from mimika.stages.write.columns import COLUMNS
from mimika.store import Store
from tests.store import postgres

START = datetime(2026, 5, 1, tzinfo=UTC)
DAYS, ROWS, FPS, PERSONS, TIMES = 184, 1000, 25.0, 20, 20
OWNER = "ann"


def main() -> None:
    """Fill, ask, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=1000)
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    told: dict[str, Any] = {
        "command": "python benchmarks/store.py --json docs/results/store.json",
        "observations": chosen.videos * ROWS + chosen.photos,
        "recordings": chosen.videos + chosen.photos,
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "sqlite": sqlite3.sqlite_version},
        "databases": {},
    }
    for name, store in memories():
        told["databases"][name] = measured(store, chosen.videos, chosen.photos)
        print(name, json.dumps(told["databases"][name], indent=1), flush=True)
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def memories() -> Iterator[tuple[str, Store]]:
    """Give an empty memory in each database."""
    with tempfile.TemporaryDirectory() as folder:
        with Store.open(data_dir=Path(folder) / "sqlite") as store:
            yield "sqlite", store
        if postgres.programs() is not None:
            with postgres.server() as home, Store.open(postgres.create(home, "store"), Path(folder) / "files") as store:
                yield "postgresql", store


def measured(store: Store, videos: int, photos: int) -> dict[str, Any]:
    """Fill a memory and time the questions that pages ask."""
    rng = np.random.default_rng(7)
    persons = [store.add_profile(OWNER, f"Person {number}").id for number in range(PERSONS)]
    tables = [rows(rng, ROWS) for _ in range(8)]
    began, appends = time.perf_counter(), []
    count = videos + photos
    for number in range(count):
        photo = (number + 1) * videos // count == number * videos // count
        appends.append(add(store, rng, number, count, persons, tables, photo))
    filled_s = time.perf_counter() - began
    size = store.info()
    last = store.recordings(OWNER, limit=1, kind="video")[0][0]
    asked = {name: timed(question) for name, question in questions(store, persons, last.id).items()}
    return {
        "rows": size["rows"],
        "bytes": size["bytes"],
        "bytes_a_row": round(size["bytes"] / size["rows"], 1),
        "filled_s": round(filled_s, 1),
        "append_1000_rows_ms": round(1e3 * median(each for each, count in appends if count == ROWS), 1),
        "load": round(os.getloadavg()[0], 1),
        "questions_ms": asked,
    }


def questions(store: Store, persons: list[str], video: str) -> dict[str, Callable[[int], object]]:
    """Return what is asked; each takes the number of the time."""
    pages: list[str | None] = [None]
    for _ in range(TIMES):
        pages.append(store.recordings(OWNER, limit=50, after=pages[-1])[1])

    def month(turn: int) -> object:
        return store.monthly_report(OWNER, 2026, 5 + turn % 6)

    return {
        "history page": lambda turn: store.recordings(OWNER, limit=50),
        "history page, further down": lambda turn: store.recordings(OWNER, limit=50, after=pages[turn]),
        "history by label": lambda turn: store.recordings(OWNER, label=FERPLUS[turn % 8], limit=50),
        "history by person": lambda turn: store.recordings(OWNER, person=persons[turn], limit=50),
        "history by words": lambda turn: store.recordings(OWNER, text=f"Talk {turn * 37}", limit=50),
        "history by words that are nowhere": lambda turn: store.recordings(OWNER, text="nowhere", limit=50),
        "history of a week": lambda turn: store.recordings(
            OWNER, since=START + timedelta(days=7 * turn), until=START + timedelta(days=7 * turn + 7), limit=50
        ),
        "monthly report": month,
        "ten seconds of rows for the overlay": lambda turn: store.rows(
            OWNER, video, start_s=turn, end_s=turn + 10.0, columns=["time_s", "face_id", "box_x", "label"]
        ),
        "all rows of a video": lambda turn: store.rows(OWNER, video),
        "everything of one recording": lambda turn: (store.recording(OWNER, video), store.findings(OWNER, video)),
    }


def timed(question: Callable[[int], object]) -> dict[str, float]:
    """Ask `TIMES` times and return milliseconds by the clock."""
    taken = []
    for turn in range(TIMES):
        began = time.perf_counter()
        question(turn)
        taken.append(1e3 * (time.perf_counter() - began))
    return {"first": round(taken[0], 1), "median": round(median(taken), 1), "worst": round(max(taken), 1)}


def add(
    store: Store,
    rng: np.random.Generator,
    number: int,
    count: int,
    persons: list[str],
    tables: list[pa.Table],
    photo: bool,
) -> tuple[float, int]:
    """Add one recording and return the seconds that its rows took, and how many they are."""
    when = START + timedelta(days=DAYS * number / count)
    kind, person = ("photo" if photo else "video"), persons[number % len(persons)] if number % 2 else None
    facts = {"width": 640, "height": 480, "fps": FPS, "purpose": Purpose("research"), "status": "complete"}
    made = store.add_recording(
        OWNER, name=f"Talk {number}.mp4", kind=kind, started_at=when, person=person, notes="second visit", **facts
    ).id
    table = tables[number % len(tables)]
    table = table.slice(int(rng.integers(ROWS)), 1) if photo else table
    began = time.perf_counter()
    store.append_rows(OWNER, made, table)
    taken = time.perf_counter() - began
    if not photo:
        onsets = np.sort(rng.uniform(0, 38, 20)).tolist()
        names = rng.choice(FERPLUS[1:], 20).tolist()
        store.add_episodes(
            OWNER,
            made,
            [
                Episode("expression", name, "", at, at + 0.5, at + 1, 0.9, 0.8, 0)
                for name, at in zip(names, onsets, strict=True)
            ],
        )
        store.add_events(
            OWNER,
            made,
            [
                Event("drowsy", phase, 0, "", at, at, 1.0, "drowsiness", 0.7)
                for at in onsets[:2]
                for phase in ("begin", "end")
            ],
        )
    return taken, table.num_rows


def rows(rng: np.random.Generator, count: int) -> pa.Table:
    """Return rows of one face with every column of the table."""
    columns: dict[str, Any] = {}
    for column in COLUMNS:
        walk = 0.5 + np.cumsum(rng.normal(0, 0.02, count))
        columns[column.name] = np.round(walk, column.digits) if column.kind == "number" else np.zeros(count, np.int64)
    probabilities = rng.dirichlet(np.full(8, 0.2), count // 25 + 1).repeat(25, axis=0)[:count]
    for index, name in enumerate(FERPLUS):
        columns[f"p_{name}"] = np.round(probabilities[:, index], 5)
    labels = [FERPLUS[index] for index in probabilities.argmax(axis=1)]
    columns |= {"source": ["talk.mp4"] * count, "label": labels, "origin": ["local"] * count}
    columns |= {"frame": np.arange(count), "time_s": np.round(np.arange(count) / FPS, 6)}
    return pa.table({name: columns[name] for name in (column.name for column in COLUMNS)})


if __name__ == "__main__":
    main()
