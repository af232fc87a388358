"""Reading what a model answered: strictly where it is an object, and mended where it is a single word."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import CloudError
from mimika.data.labels import FERPLUS

WORD_SURENESS = 0.7
"""What a model that says one word is taken to be sure of; the rest is shared out evenly."""
_EVIDENCE_LIMIT = 400
_WORDS_LIMIT = 12
_SUM = (0.9, 1.1)
_CONTRADICTION = 0.1

WORDS: dict[str, str] = {
    "neutral": "neutral* calm normal expressionless нейтрал* спокой* спокій* бейтарап* сабырлы",
    "happiness": "happ* joy* smil* cheerful* glad laugh* радост* радіст* радіс* счаст* щаст* щасл* весел* "
    "улыб* усміх* посміх* рад рада қуан* бақыт* шат* күлім*",
    "surprise": "surpris* astonish* amaze* amazing shocked удивл* изумл* здивов* здивув* подив* таңдан* таңғал*",
    "sadness": "sad sadly sadness saddened sorrow* unhapp* melanchol* gloom* груст* печал* тоск* несчаст* сум сумний "
    "сумна сумне смут* засмуч* нещас* мұң* қайғы* көңілсіз*",
    "anger": "anger angry angered furious rage mad гнев* гнів* злост* злість злой злая злое злится злоб* "
    "злий зла злиться сердит* ярост* лють лют* розлюч* ашу ашулы ашул* ыза*",
    "disgust": "disgust* revuls* отвращ* брезг* відраз* огид* жиіркен* жирен*",
    "fear": "fear* afraid scared frighten* terrif* страх* испуг* боится ужас* переляк* наляк* боїться жах* қорқ* үрей*",
    "contempt": "contempt* scorn* disdain* презр* презир* пренебреж* зневаг* зневаж* менсінбе*",
}
"""Words for each expression in English, Russian, Ukrainian and Kazakh; a star stands for any ending."""

_NOT = frozenset({"not", "no", "never", "nor", "isn't", "doesn't", "не", "нет", "ни", "ні", "немає", "жоқ", "емес"})
_REFUSALS = re.compile(
    r"\b(?:i['’]?m sorry|i am sorry|i can(?:not|['’]?t)|i(?:['’]?m| am) (?:not able|unable)|"
    r"can(?:not|['’]?t) (?:help|assist)|не могу|не можу|не в состоянии|извините|вибачте|пробачте|"
    r"кешіріңіз|алмаймын|көмектесе алмай)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer understood; `probabilities` (8,) together 1; `repaired` where it was not what was asked for."""

    label: str
    probabilities: NDArray[np.float32]
    evidence: str = ""
    repaired: bool = False


def read(text: str) -> Reading:
    """Read an answer.

    An object with the three keys is taken as it stands, if its numbers make sense and its label is among its most
    probable. A bare word, also inside a short sentence or an object without numbers, is mended where it can mean one
    expression only.

    Raises:
        CloudError: kind "refused" where the model declines, "nonsense" where no expression can be read.
    """
    value = _object(text)
    if value is not None:
        exact = _exact(value)
        if exact is not None:
            return exact
        said = value.get("label", value.get("expression", value.get("emotion")))
        if "probabilities" not in value and isinstance(said, str):
            return _word(said, _sentence(value.get("evidence")))
        raise CloudError("nonsense", "the model's answer contradicts itself or has other keys than asked for")
    return _word(text, "")


def _exact(value: Mapping[str, Any]) -> Reading | None:
    """Return the reading of a complete object, None where something is missing or does not fit."""
    label, shares = value.get("label"), value.get("probabilities")
    if label not in FERPLUS or not isinstance(shares, Mapping) or set(shares) != set(FERPLUS):
        return None
    numbers = [shares[name] for name in FERPLUS]
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in numbers):
        return None
    known = np.array(numbers, np.float64)
    if not np.isfinite(known).all() or known.min() < 0:
        return None
    total = float(known.sum())
    # Some models give percent.
    if 100 * _SUM[0] <= total <= 100 * _SUM[1]:
        known, total = known / 100, total / 100
    if not _SUM[0] <= total <= _SUM[1] or known[FERPLUS.index(label)] < known.max() - _CONTRADICTION:
        return None
    return Reading(label, (known / total).astype(np.float32), _sentence(value.get("evidence")))


def _object(text: str) -> dict[str, Any] | None:
    """Return the JSON object of a text, also between other words or in a fenced block; None if there is none."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return None
    try:
        value = json.loads(text[start : end + 1])
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _word(text: str, evidence: str) -> Reading:
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)?", text.casefold())
    found = {name for word in words if (name := _class_of(word))}
    if _REFUSALS.search(text):
        raise CloudError("refused", "the model declines to answer")
    if len(found) != 1 or len(words) > _WORDS_LIMIT or _NOT & set(words):
        raise CloudError("nonsense", "the model's answer names no single expression")
    label = found.pop()
    shares = np.full(len(FERPLUS), (1 - WORD_SURENESS) / (len(FERPLUS) - 1), np.float32)
    shares[FERPLUS.index(label)] = WORD_SURENESS
    return Reading(label, shares, evidence, repaired=True)


def _class_of(word: str) -> str | None:
    for name, patterns in WORDS.items():
        for pattern in patterns.split():
            if word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern:
                return name
    return None


def _sentence(value: object) -> str:
    """Return a model's sentence as one line of bounded length; it is text from outside and shown as such."""
    line = " ".join(str(value).split()) if isinstance(value, str) else ""
    return line if len(line) <= _EVIDENCE_LIMIT else line[: _EVIDENCE_LIMIT - 1] + "…"
