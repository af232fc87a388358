"""One model on one labelled set: answers, scores, times, and what else a reader of the numbers must know.

Nothing is chosen here: temperatures and limits come from the model's card, and the test pictures are only read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import InputCorrupt, InputError
from mimika.evaluation.crops import CropJudge
from mimika.evaluation.datasets import EvaluationSet
from mimika.evaluation.scores import score
from mimika.evaluation.statistics import plain
from mimika.evaluation.subjects import Predictions, Subject
from mimika.stages.write.sidecar import circumstances

TIMED, WARM_UP = 200, 5
"""So many pictures are timed one by one, after some that are not counted."""
_CHUNK = 32
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model said of a set.

    `data` are the pictures that could be read, in the order of `predictions`; `tight` (n,) how each was given;
    `skipped` name and reason of those that could not be read; `seconds` for all of it.
    """

    data: EvaluationSet
    predictions: Predictions
    tight: NDArray[np.bool_]
    skipped: tuple[InputError, ...]
    seconds: float


def evaluate(
    subject: Subject, data: EvaluationSet, *, command: Sequence[str] = (), progress: Progress | None = None
) -> dict[str, Any]:
    """Return everything that `mimika evaluate` says of one model on one set, ready for JSON.

    The keys of `scores.score`, and: latency_ms, images_per_s, cost_per_1000_usd, model, data, crops {tight, detect,
    decided}, skipped, rules (the scores by other rules of the same data), command, versions, machine. `progress` is
    called with how many pictures are done, and of how many.

    Raises:
        InputCorrupt: if no picture can be read.
        ModelError: if the model fails.
    """
    answers = answer(subject, data, progress)
    kept, said = answers.data, answers.predictions
    result = score(said.probabilities, kept.truth, kept.classes, subject.classes, found=said.found)
    for rule, truth in kept.other_truths.items():
        result.setdefault("rules", {})[rule] = score(
            said.probabilities, truth, kept.classes, subject.classes, found=said.found
        )
    about = subject.describe()
    return result | {
        "latency_ms": latency(subject, answers),
        "images_per_s": plain(len(kept) / max(answers.seconds, 1e-9)),
        "cost_per_1000_usd": about.pop("cost_per_1000_usd", 0),
        "model": about,
        "data": {"name": data.name, **data.origin},
        "crops": {
            "tight": int(answers.tight.sum()),
            "detect": int((~answers.tight).sum()),
            "decided": "by the user or the data" if data.crop else "picture by picture",
        },
        "skipped": [{"name": error.source, "reason": error.reason} for error in answers.skipped],
        **circumstances(" ".join(command)),
    }


def answer(subject: Subject, data: EvaluationSet, progress: Progress | None = None) -> Answers:
    """Ask a model about every picture of a set; pictures that cannot be read are skipped and named.

    Raises:
        InputCorrupt: if no picture can be read.
    """
    judge = CropJudge() if data.crop is None else None
    began = time.perf_counter()
    rows: list[int] = []
    parts: list[Predictions] = []
    flags: list[bool] = []
    skipped: list[InputError] = []
    for start in range(0, len(data), _CHUNK):
        pictures = []
        for row in range(start, min(start + _CHUNK, len(data))):
            try:
                pictures.append(data.picture(row))
            except InputError as error:
                skipped.append(error)
            else:
                rows.append(row)
        tight = [judge.is_tight(picture) if judge else data.crop == "tight" for picture in pictures]
        if pictures:
            parts.append(subject.predict(pictures, tight))
            flags += tight
        if progress:
            progress(min(start + _CHUNK, len(data)), len(data))
    if not rows:
        raise InputCorrupt(data.name, f"no picture can be read; the first is {skipped[0].source}: {skipped[0].reason}")
    seconds = time.perf_counter() - began
    return Answers(
        data.take(np.array(rows)), Predictions.join(parts), np.array(flags, np.bool_), tuple(skipped), seconds
    )


def latency(subject: Subject, answers: Answers, count: int = TIMED) -> dict[str, Any]:
    """Return milliseconds from decoded picture to answer, pictures given one by one: mean, sd, p50, p90, p99, n.

    At most `count` pictures are timed, spread evenly over the set.
    """
    chosen = np.unique(np.linspace(0, len(answers.data) - 1, min(count, len(answers.data))).astype(int))
    times = []
    for row in (*[int(chosen[0])] * WARM_UP, *map(int, chosen)):
        times.append(subject.predict([answers.data.picture(row)], [bool(answers.tight[row])]).ms[0])
    ms = np.array(times[WARM_UP:])
    low, middle, high = np.percentile(ms, (50, 90, 99)).tolist()
    found = {"mean": ms.mean(), "sd": ms.std(), "p50": low, "p90": middle, "p99": high, "n": len(ms)}
    return plain(found)  # type: ignore[no-any-return]
