"""A cloud model under test: what it says is kept as it comes, so that an interrupted run has paid for nothing twice."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mimika.data.errors import CloudError, ShapeError
from mimika.data.frame import Frame
from mimika.data.labels import FERPLUS
from mimika.data.opinion import Opinion
from mimika.data.options import Options
from mimika.evaluation.subjects import Luma, Predictions
from mimika.pipeline import Pipeline
from mimika.stages.recognize import prompts
from mimika.stages.recognize.asking import Asker
from mimika.stages.recognize.sending import Picture, encoded, picture_of
from mimika.stages.write.files import claim, output_error

STOPS = frozenset({"budget", "open", "key", "forbidden", "missing", "offline", "rate"})
"""Failures after which going on would only collect more of them."""
PREFIX = "openai:"


class KeptAnswers:
    """Answers by what was asked, in a file of JSON lines to which each is added at once.

    A line that was being written when the process was killed is passed over.

    Raises:
        OutputError: if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._lock = path, threading.Lock()
        self._known: dict[str, Opinion] = {}
        claim(path, force=True)
        try:
            with path.open("a+b") as file:
                file.seek(0)
                for line in file.read().splitlines(keepends=True):
                    self._take(line)
                if file.tell() and not line.endswith(b"\n"):
                    file.write(b"\n")
        except OSError as error:
            raise output_error(error, path) from error

    def __len__(self) -> int:
        return len(self._known)

    def find(self, key: str) -> Opinion | None:
        """Return the answer to a question that was asked before, None for a new one."""
        with self._lock:
            return self._known.get(key)

    def keep(self, key: str, opinion: Opinion) -> None:
        """Keep an answer: it is on the disk when this returns."""
        line = json.dumps({"key": key} | opinion.as_json(), ensure_ascii=False).encode() + b"\n"
        with self._lock:
            self._known[key] = opinion
            try:
                with self.path.open("ab") as file:
                    file.write(line)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise output_error(error, self.path) from error

    def _take(self, line: bytes) -> None:
        try:
            value = json.loads(line)
            self._known[value["key"]] = Opinion.from_json(value)
        except (ValueError, KeyError, TypeError, ShapeError):
            return


class CloudSubject:
    """A vision-language model behind `asker`; of a whole photo the largest face is shown to it.

    A question that fails counts as a picture without answer, and is asked again in the next run; `failures` counts by
    kind. What would fail for every further picture stops the run instead.

    Raises:
        CloudError: from `predict`, saying how many answers are kept and where.
    """

    classes = FERPLUS

    def __init__(self, asker: Asker, answers: KeptAnswers, threads: int = 1) -> None:
        self._asker, self._answers = asker, answers
        self._options = Options(threads=threads, faces_max=1)
        self._pipeline: Pipeline | None = None
        self._used: dict[str, Opinion] = {}
        self._failed: dict[str, str] = {}

    @property
    def name(self) -> str:
        """What tables call it."""
        return PREFIX + self._asker.options.model

    @property
    def failures(self) -> Counter[str]:
        """Pictures without an answer, by the kind of failure."""
        return Counter(self._failed.values())

    def describe(self) -> dict[str, Any]:
        """Return name, endpoint, what the answers cost together and for a thousand pictures, and failures."""
        options, used = self._asker.options, self._used.values()
        cost = sum(opinion.cost_usd or 0.0 for opinion in used)
        return {
            "name": self.name,
            "host": options.host,
            "style": options.style,
            "prompt": prompts.VERSION,
            "repaired": sum(opinion.repaired for opinion in used),
            "failures": dict(self.failures),
            "cost_usd": round(cost, 6),
            "cost_per_1000_usd": round(1000 * cost / max(len(self._used) + len(self._failed), 1), 6),
        } | dict.fromkeys(("sha256", "parameters", "macs", "bytes"))

    def predict(self, pictures: Sequence[Luma], tight: Sequence[bool]) -> Predictions:
        """Answer for (height, width) uint8 pictures, each a face cut out or a whole photo."""
        shown = [self._shown(picture, bool(flag)) for picture, flag in zip(pictures, tight, strict=True)]
        with ThreadPoolExecutor(self._asker.options.parallel) as pool:
            said = list(pool.map(lambda one: None if one is None else self.ask(one), shown))
        rows = [np.zeros(len(FERPLUS), np.float32) if one is None else one.probabilities for one in said]
        return Predictions(
            np.stack(rows),
            np.array([one is not None for one in shown], np.bool_),
            np.array([0.0 if one is None else one.ms for one in said]),
        )

    def ask(self, picture: Picture) -> Opinion | None:
        """Return the answer about a picture, kept or new; None where none can be had."""
        key = self._key(picture)
        found = self.known(picture)
        if found is not None or key in self._failed:
            return found
        try:
            opinion = self._asker.opinion(picture, "evaluate")
        except CloudError as error:
            if error.kind in STOPS:
                told = f"{error}; stopped with {len(self._answers):,} answers, kept in {self._answers.path}"
                raise CloudError(error.kind, f"{told}: the same command goes on from there") from None
            self._failed[key] = error.kind
            return None
        self._answers.keep(key, opinion)
        self._used[key] = opinion
        return opinion

    def known(self, picture: Picture) -> Opinion | None:
        """Return the answer about a picture if it was given before."""
        key = self._key(picture)
        found = self._answers.find(key)
        if found is not None:
            self._used[key] = found
        return found

    def picture(self, luma: Luma, tight: bool) -> Picture | None:
        """Return what the model is shown of a picture, None where a photo shows no face."""
        return self._shown(luma, tight)

    def _shown(self, luma: Luma, tight: bool) -> Picture | None:
        options = self._asker.options
        if tight:
            side = (options.side, options.side)
            way = cv2.INTER_AREA if luma.shape[0] > options.side else cv2.INTER_CUBIC
            return encoded(np.asarray(cv2.resize(luma, side, interpolation=way), np.uint8), options.quality)
        if self._pipeline is None:
            self._pipeline = Pipeline(self._options)
        seen = self._pipeline.process_photo(Frame(luma))
        return picture_of(seen, 0, options) if len(seen) else None

    def _key(self, picture: Picture) -> str:
        """Return what tells one question from another: picture, model, endpoint, words."""
        options = self._asker.options
        told = f"{options.url}|{options.model}|{options.style}|{options.language}|{prompts.VERSION}|{picture.place}"
        return hashlib.sha256(told.encode() + b"|" + picture.jpeg).hexdigest()
