"""Fits when a movement counts as a micro-expression on films of some persons, and measures it on those of others.

    python -m mimika.training.fit_micro build/films100 build/films30 --talk talk.mp4 --out docs/results/micro.json

Each FILMS folder is made by `mimika synth`, one film a person.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2

from mimika.data.movements import Movements
from mimika.data.options import Options
from mimika.evaluation.annotations import read_annotations
from mimika.evaluation.movement_cache import kept_movements
from mimika.evaluation.spotted import events_of
from mimika.evaluation.spotting import Event, score, unit_scores
from mimika.stages.timeline.micro import MicroRule, spot, visible_from_s

_GRID: dict[str, tuple[Any, ...]] = {
    "enter": (3.0, 3.5, 4.0, 4.5, 5.0, 6.0),
    "calm_s": (0.02, 0.03, 0.04),
    "busy": (0.005, 0.01, 0.02, 0.03),
    "busy_s": (0.0, 0.3),
    "talk": (4, 5),
    "talk_px": (0.3, 0.5),
    "rank": (0.7, 0.75, 0.8),
    "around_s": (1.0, 1.5, 2.5),
    "lively": (25.0, 30.0, 35.0, 40.0, 50.0),
    "best": (1, 2),
    "noise_px": (0.02, 0.03, 0.05),
    "brief": (0.5, 0.6, 0.7),
    "head": (0.5, 1.0, 2.0),
    "spread": (1.7, 1.9, 2.1),
}
"""Values tried, one setting after the other, twice around."""


@dataclass(frozen=True, slots=True)
class Films:
    """Films at one frame rate: what is true, what moved, and who is in them."""

    name: str
    fps: float
    truth: list[Event]
    movements: dict[str, Movements]

    def part(self, persons: set[str]) -> Films:
        """Return the films of some persons; a film is named after its person up to the first hyphen."""
        kept = {name: item for name, item in self.movements.items() if person_of(name) in persons}
        return Films(self.name, self.fps, [event for event in self.truth if event.video in kept], kept)

    @property
    def seconds(self) -> float:
        """Seconds of all films together."""
        return float(sum(len(item) * item.step_s for item in self.movements.values()))

    def found(self, rule: MicroRule) -> list[Event]:
        """Return what is spotted in the films by a rule."""
        return [event for name, item in self.movements.items() for event in events_of(name, item, spot(item, rule))]


def person_of(film: str) -> str:
    """Return who is in a film, by its name."""
    return film.split("-")[0]


def open_films(folder: Path, cache: Path | None) -> Films:
    """Read a folder of `mimika synth`, and measure its films or read what was measured before."""
    truth, movements = [], {}
    for table in sorted(folder.glob("[!.]*.csv")):
        truth += read_annotations(table)
        found = kept_movements(table.with_suffix(".mp4"), cache, Options(faces_max=1))
        if found is not None:
            movements[table.stem] = found
    step = next(iter(movements.values())).step_s
    return Films(folder.name, round(1 / step, 1), truth, movements)


def fit(films: Sequence[Films], others: Sequence[Movements] = (), start: MicroRule | None = None) -> MicroRule:
    """Return the rule of the best mean F1; each alarm a minute above one in `others` costs a twentieth."""
    best = start if start is not None else MicroRule()
    top = _worth(best, films, others)
    for name, values in itertools.chain(_GRID.items(), _GRID.items()):
        for value in values:
            tried = replace(best, **{name: value})
            worth = _worth(tried, films, others)
            if worth > top + 1e-9:
                best, top = tried, worth
    return best


def _worth(rule: MicroRule, films: Sequence[Films], others: Sequence[Movements]) -> float:
    mean = sum(float(score(part.truth, part.found(rule))["f1"]) for part in films) / len(films)
    if not others:
        return mean
    seconds = sum(len(item) * item.step_s for item in others)
    alarms = 60 * sum(len(spot(item, rule)) for item in others) / seconds
    return mean - 0.05 * max(0.0, alarms - 1)


def report(films: Films, rule: MicroRule) -> dict[str, Any]:
    """Return the scores of films by a rule, with what is missed by amplitude and by length."""
    found = films.found(rule)
    wanted = [event for event in films.truth if event.kind == "micro"]
    sizes = {"below 0.7 px": (0.0, 0.7), "0.7..1.1 px": (0.7, 1.1), "above 1.1 px": (1.1, 9.9)}
    recalls = {}
    for name, (low, high) in sizes.items():
        own = [event for event in wanted if low <= event.amplitude_px < high]
        recalls[name] = {"annotated": len(own), "recall": score(own, found)["recall"]}
    frames = [event.offset - event.onset for event in wanted]
    first = next(iter(films.movements.values()))
    return {
        "frames_a_second": films.fps,
        "films": len(films.movements),
        "visible_from_s": round(visible_from_s(first), 3),
        "shortest_s": round(min(frames, default=0) / films.fps, 3),
        **score(films.truth, found, films.seconds),
        "units": unit_scores(films.truth, found),
        "recall_by_amplitude": recalls,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", nargs="+", type=Path, help="folders made by `mimika synth`")
    parser.add_argument("--talk", type=Path, help="a video of talk, never fitted on: all that fires is listed")
    parser.add_argument("--others", nargs="*", type=Path, default=(), help="other videos without any, to fit on")
    parser.add_argument("--cache", type=Path, default=Path("build/micro"), help="keeps what was measured")
    parser.add_argument("--fit", action="store_true", help="fit the rule; otherwise the one shipped is measured")
    parser.add_argument("--out", type=Path, help="JSON file of the results")
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    sets = [open_films(folder, chosen.cache) for folder in chosen.films]
    talk = kept_movements(chosen.talk, chosen.cache, Options(faces_max=1)) if chosen.talk else None
    persons = sorted({person_of(name) for films in sets for name in films.movements})
    learnt, unseen = set(persons[::2]), set(persons[1::2])
    rule = (
        fit([films.part(learnt) for films in sets], _moved(chosen.others, chosen.cache)) if chosen.fit else MicroRule()
    )
    result: dict[str, Any] = {
        "command": "python -m mimika.training.fit_micro " + " ".join(arguments or sys.argv[1:]),
        "protocol": "interval IoU >= 0.5, each used once; every second person to fit on, the others to measure",
        "rule": asdict(rule),
        "persons": {"fitted_on": sorted(learnt), "unseen": sorted(unseen)},
        "fitted_on": {films.name: report(films.part(learnt), rule) for films in sets},
        "unseen_persons": {films.name: report(films.part(unseen), rule) for films in sets},
    }
    if talk is not None:
        result["others"] = [video.name for video in chosen.others]
        result["talk"] = _talk(chosen.talk.name, talk, rule)
    text = json.dumps(result, indent=2, default=float)
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(text + "\n", "utf-8")
    print(text)


def _moved(videos: Sequence[Path], cache: Path) -> list[Movements]:
    found = [kept_movements(video, cache, Options(faces_max=1)) for video in videos]
    return [item for item in found if item is not None]


def _talk(name: str, talk: Movements, rule: MicroRule) -> dict[str, Any]:
    fired = spot(talk, rule)
    seconds = len(talk) * talk.step_s
    listed = [
        {
            "onset_s": round(item.episode.onset_s, 3),
            "apex_s": round(item.episode.apex_s, 3),
            "offset_s": round(item.episode.offset_s, 3),
            "units": list(item.units),
            "peak_px": round(item.episode.peak, 2),
            "strength": round(item.strength, 2),
        }
        for item in fired
    ]
    return {
        "video": name,
        "seconds": round(seconds, 1),
        "a_minute": round(60 * len(fired) / seconds, 2),
        "fired": listed,
    }


if __name__ == "__main__":
    main()
