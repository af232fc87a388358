"""Several models on several sets, under every condition; what is done is kept, so that a stopped run goes on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import InputCorrupt, InputError, ModelError, OptionError
from mimika.evaluation import duplicates
from mimika.evaluation.conditions import CLEAN, CROP_OFF, SEEK, TABLE, OffCrop, Scene
from mimika.evaluation.datasets import EvaluationSet
from mimika.evaluation.kept import Kept, identity, views
from mimika.evaluation.peers import ENVIRONMENTS, PEERS, PeerSubject
from mimika.evaluation.run import Answers, latency
from mimika.evaluation.scores import answers, score
from mimika.evaluation.statistics import interval, plain
from mimika.evaluation.subjects import OnnxSubject, Predictions, Subject

_CHUNK = 128
Progress = Callable[[str, int, int], None]
"""Told what is being measured, how many pictures are done, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What to compare.

    `models` are shipped names, .onnx files with cards, or peers. `folder` keeps the results. The corruption table is
    measured on the sets whose places in `sets` are in `corrupted`, on `sample` pictures spread evenly over each, None
    for all. `known` are sets whose pictures ought not to be in those compared, such as the training set, each after
    the place of the set that it is held against. `limit` takes the first pictures
    of each set only. `environments` holds the peers' virtual environments.
    """

    sets: Sequence[EvaluationSet]
    models: Sequence[str]
    folder: Path
    corrupted: Sequence[int] = ()
    sample: int | None = None
    known: Sequence[tuple[int, EvaluationSet]] = ()
    limit: int | None = None
    seed: int = 0
    environments: Path = ENVIRONMENTS


def compare(plan: Comparison, progress: Progress = lambda what, done, total: None) -> dict[str, Any]:
    """Measure every model on every set; returns what `report.write_report` takes, ready for JSON.

    Keys: models, sets, scores {set: {model: scores and latency_ms}}, corruptions {set: {model: {condition: top1,
    loss_points, found}}}, conditions, duplicates, seed, limit, unreadable, errors. A model that cannot be used is told
    under "errors", and the others go on.

    Raises:
        OptionError: if there is nothing to compare.
        InputCorrupt: if no picture of a set can be read.
        OutputError: if the folder cannot be written.
    """
    if not plan.sets or not plan.models:
        raise OptionError("compare: expected at least one set and one model")
    run = _Run(plan, progress)
    for model in dict.fromkeys(plan.models):
        for place in range(len(run.scenes)):
            run.measure(model, place)
    return run.result()


class _Run:
    """One comparison under way."""

    def __init__(self, plan: Comparison, progress: Progress) -> None:
        self._plan, self._progress = plan, progress
        self._lost: dict[str, str] = {}
        self.scenes = [Scene(data, plan.seed) for data in self._readable()]
        # The same pictures for every condition, so that where the faces are is found out once.
        self.samples = [Scene(_spread(scene.data, plan.sample), plan.seed) for scene in self.scenes]
        pictures = sum(self._pictures(place) for place in range(len(self.scenes)))
        self._done, self._total = 0, pictures * len(set(plan.models))
        self._models: dict[str, dict[str, Any]] = {}
        self._scores: dict[str, dict[str, Any]] = {}
        self._corruptions: dict[str, dict[str, Any]] = {}
        self._errors: dict[str, str] = {}
        self._right: dict[tuple[int, str], dict[str, NDArray[np.bool_]]] = {}

    def measure(self, model: str, place: int) -> None:
        """Measure one model on one set, or take what is kept of it."""
        before = self._done
        if model not in self._errors:
            try:
                self._measured(model, place)
            except ModelError as error:
                self._errors[model] = str(error)
        self._done = before + self._pictures(place)

    def result(self) -> dict[str, Any]:
        """Return everything."""
        seen = [(name, view) for scene in self.scenes for name, view in views(scene.data).items()]
        return {
            "models": self._models,
            "sets": {
                name: {"n": int((view.truth >= 0).sum()), "classes": list(view.classes), "origin": dict(view.origin)}
                for name, view in seen
            },
            "scores": self._scores,
            "corruptions": self._corruptions,
            "conditions": [{"key": line.key, "title": line.title, "about": line.about} for line in TABLE],
            "duplicates": [self._against(place, known) for place, known in self._plan.known],
            "corrupted_pictures": {next(iter(views(scene.data))): len(scene.data) for scene in self.samples},
            "seed": self._plan.seed,
            "limit": self._plan.limit,
            "unreadable": self._lost,
            "errors": self._errors,
        }

    def _readable(self) -> Iterator[EvaluationSet]:
        """Yield each set under a name of its own, without the pictures that cannot be read."""
        names: Counter[str] = Counter()
        for data in self._plan.sets:
            chosen = data if self._plan.limit is None else data.take(np.arange(min(self._plan.limit, len(data))))
            kept = np.ones(len(chosen), np.bool_)
            for row in range(len(chosen)):
                try:
                    chosen.picture(row)
                except InputError as error:
                    self._lost[chosen.names[row]], kept[row] = str(error), False
            if not kept.any():
                raise InputCorrupt(chosen.name, "no picture can be read")
            chosen = chosen if kept.all() else chosen.take(kept)
            label = next(iter(views(chosen)))
            names[label] += 1
            yield chosen if names[label] == 1 else replace(chosen, name=f"{chosen.name} ({names[label]})")

    def _conditions(self, place: int) -> list[str]:
        return [CLEAN, *(line.key for line in TABLE)] if place in self._plan.corrupted else [CLEAN]

    def _names(self, place: int) -> set[str]:
        return {scene.data.name for scene in self.scenes[:place]}

    def _pictures(self, place: int) -> int:
        more = len(self._conditions(place)) - 1
        return len(self.scenes[place].data) + more * len(self.samples[place].data)

    def _measured(self, model: str, place: int) -> None:
        subject = _open(model, self.scenes[place].data.classes, self._plan.environments)
        try:
            about = subject.describe()
            title = self._title(subject.name, model, about)
            self._models[title] = about
            if not subject.classes and self.scenes[place].data.name in self._names(place):
                return  # the same pictures under other labels
            for key in self._conditions(place):
                # Of a program that knows no expressions there is only to say which faces it finds.
                if subject.classes or key in (CLEAN, SEEK):
                    scene = (self.scenes if key == CLEAN else self.samples)[place]
                    marks = identity(about, scene.data, self._plan.seed, getattr(subject, "card", None))
                    self._one(subject, model, place, scene, Kept(self._plan.folder, scene.data, title, key, marks))
        finally:
            if isinstance(subject, PeerSubject):
                subject.close()

    def _title(self, name: str, model: str, about: dict[str, Any]) -> str:
        """Return the card's name; what the user wrote, where another model has that name."""
        taken = self._models.get(name)
        return name if taken is None or taken["sha256"] == about["sha256"] else model

    def _one(self, subject: Subject, model: str, place: int, scene: Scene, kept: Kept) -> None:
        """Measure one condition, or take what is kept of it."""
        began = time.perf_counter()
        found = kept.read()
        if found is None:
            asked, shown = _under(subject, model, scene, kept.key)
            clocked, parts = _Clocked(asked), []
            for start in range(0, len(scene.data), _CHUNK):
                rows = range(start, min(start + _CHUNK, len(scene.data)))
                self._progress(f"{kept.title}: {kept.key}", self._done + start, self._total)
                pictures, tight = zip(*scene.pictures(shown, rows), strict=True)
                parts.append(clocked.predict(pictures, tight))
            said = Predictions.join(parts)
            found = _scores(subject, scene, said)
            if kept.key == CLEAN:
                whole = Answers(scene.data, said, np.array(scene.tight), (), time.perf_counter() - began)
                times = latency(clocked, whole)
                found = {name: {**scores, "latency_ms": times} for name, scores in found.items()}
            kept.write(found, said)
        self._done += len(scene.data)
        self._progress(f"{kept.title}: {kept.key}", self._done, self._total)
        if kept.key == CLEAN and subject.classes:
            self._right[place, kept.title] = {
                name: answers(kept.probabilities(), view.classes, subject.classes) == view.truth
                for name, view in views(scene.data).items()
            }
        self._note(kept, place, found)

    def _clean(self, title: str, place: int, name: str) -> float:
        """Return the accuracy on the clean pictures of the sample that is corrupted."""
        view = views(self.scenes[place].data)[name]
        rows = _spread_rows(len(view), self._plan.sample)
        counted = rows[view.truth[rows] >= 0]
        return float(plain(self._right[place, title][name][counted].mean()))

    def _note(self, kept: Kept, place: int, found: dict[str, Any]) -> None:
        for name, scores in found.items():
            if kept.key == CLEAN:
                self._scores.setdefault(name, {})[kept.title] = scores
                continue
            line = {"found": scores["found"], "ms": scores["ms"]}
            if "top1" in scores:
                clean = self._clean(kept.title, place, name)
                line |= {"top1": scores["top1"], "loss_points": round(100 * (clean - scores["top1"]), 2) + 0.0}
            lines = self._corruptions.setdefault(name, {}).setdefault(kept.title, {})
            if "top1" in line:
                lines[CLEAN] = {"top1": plain(clean)}
            lines[kept.key] = line

    def _against(self, place: int, known: EvaluationSet) -> dict[str, Any]:
        """Count the pictures of a set that another holds too, with every model's accuracy with and without them."""
        data = self.scenes[place].data
        found = duplicates.find(data, known)
        twice = found.rows(len(data))
        accuracy = {
            name: {
                title: _with_and_without(right[name], twice, view.truth >= 0)
                for (where, title), right in self._right.items()
                if where == place
            }
            for name, view in views(data).items()
        }
        return duplicates.summary(found, data, known) | {"accuracy": accuracy}


def _spread_rows(count: int, sample: int | None) -> NDArray[np.intp]:
    """Return the places of `sample` pictures, spread evenly over `count`."""
    if sample is None or sample >= count:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, sample).round().astype(np.intp))


def _spread(data: EvaluationSet, sample: int | None) -> EvaluationSet:
    rows = _spread_rows(len(data), sample)
    return data if len(rows) == len(data) else data.take(rows)


class _Clocked:
    """A subject whose milliseconds are processor time, so that other work on the machine does not count.

    A peer's are already. With one thread a network, and nothing else running, it is what a clock shows.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.name, self.classes, self.describe = subject.name, subject.classes, subject.describe

    def predict(self, pictures: Sequence[NDArray[np.uint8]], tight: Sequence[bool]) -> Predictions:
        began = time.process_time()
        said = self._subject.predict(pictures, tight)
        if isinstance(self._subject, PeerSubject):
            return said
        spent = 1000 * (time.process_time() - began) / max(len(pictures), 1)
        return replace(said, ms=np.full(len(pictures), spent))


def _open(model: str, classes: Sequence[str], environments: Path) -> Subject:
    return PeerSubject(model, environments) if model in PEERS else OnnxSubject(model, classes)


def _under(subject: Subject, model: str, scene: Scene, key: str) -> tuple[Subject, str]:
    """Return who is asked under a condition, and which pictures it is given."""
    if key != CROP_OFF:
        return subject, key
    if isinstance(subject, OnnxSubject) and subject.describe()["crop"] == "aligned":
        return OffCrop(model, scene.data.classes), CLEAN
    return subject, "frame-off"


def _scores(subject: Subject, scene: Scene, said: Predictions) -> dict[str, Any]:
    """Return the scores by each rule of the set; only how many faces were found, for one that knows no expressions."""
    found: dict[str, Any] = {}
    for name, view in views(scene.data).items():
        about = {"found": said.found.mean(), "ms": np.median(said.ms)}
        found[name] = {"n": int((view.truth >= 0).sum()), **plain(about)}
        if subject.classes:
            found[name] |= score(said.probabilities, view.truth, view.classes, subject.classes, found=said.found)
    return found


def _with_and_without(right: NDArray[np.bool_], twice: NDArray[np.bool_], counted: NDArray[np.bool_]) -> dict[str, Any]:
    rows = {"all": counted, "without": counted & ~twice, "only": counted & twice}
    return {
        name: {"n": int(kept.sum()), "top1": plain(right[kept].mean()), "top1_ci95": plain(interval(right[kept]))}
        for name, kept in rows.items()
        if kept.any()
    }
