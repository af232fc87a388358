"""What a face shows, in a paragraph made of its measurements alone."""

from __future__ import annotations

from mimika.data.labels import ACTION_UNITS, FERPLUS, SIDED_UNITS, TRANSLATIONS, UNSURE
from mimika.data.observation import Observation
from mimika.data.opinion import Opinion
from mimika.stages.recognize.wording import SENTENCES, SIGNS

SEEN, MOST = 1.0, 5
"""Action units from this strength on are told, at most so many, the strongest first."""
_APART = 0.8
_TURNED, _FAR = 8.0, 40.0
_NOTHING = 0.005
"""A second expression less probable than this is not told: it would be 0 %."""


def paragraph(observation: Observation, row: int, language: str, expression: bool = True) -> str:
    """Return a paragraph about one face: what it resembles, what can be seen, how the head is held.

    Without `expression` nothing is said about what it resembles, as some purposes require. A second opinion mixed into
    the face is told with its origin.
    """
    words = SENTENCES[language]
    parts = [resemblance(observation, row, language)] if expression else []
    parts += [signs(observation, row, language), head(observation, row, language)]
    opinion = observation.opinions[row] if observation.opinions and expression else None
    if opinion is not None:
        parts.append(said(opinion, language))
    return " ".join([*parts, words["end"]])


def resemblance(observation: Observation, row: int, language: str) -> str:
    """Return the sentence on what the expression resembles most, and what then, if anything."""
    shares, names = observation.expressions.probabilities[row], TRANSLATIONS[language]
    second, first = shares.argsort()[-2:].tolist()
    sure = "only" if shares[second] < _NOTHING else "sure"
    kind = "unsure" if observation.expressions.labels[row] == UNSURE else sure
    return SENTENCES[language][kind].format(
        first=names[FERPLUS[first]],
        share=100 * float(shares[first]),
        second=names[FERPLUS[second]],
        then=100 * float(shares[second]),
    )


def signs(observation: Observation, row: int, language: str) -> str:
    """Return the sentence on the strongest movements."""
    words, found = SENTENCES[language], []
    for unit, (left, right) in zip(ACTION_UNITS, observation.measurements.action_units[row].tolist(), strict=True):
        strength = max(left, right)
        # Not measured is NaN, which is not below the limit either.
        if not strength >= SEEN:
            continue
        apart = abs(left - right) >= _APART and unit in SIDED_UNITS
        side = words["left" if left > right else "right"] if apart else ""
        value = f"{strength:.1f}".replace(".", "." if language == "en" else ",")
        found.append((strength, words["of five"].format(sign=SIGNS[language][unit], value=value, side=side)))
    found.sort(reverse=True)
    listed = "; ".join(text for _, text in found[:MOST])
    return words["signs"].format(signs=listed) if listed else words["no signs"]


def head(observation: Observation, row: int, language: str) -> str:
    """Return the sentence on how the head is held, and a warning where it is turned far."""
    words = SENTENCES[language]
    pitch, yaw, roll = observation.measurements.angles[row].tolist()
    parts = []
    if abs(yaw) >= _TURNED:
        parts.append(words["turn left" if yaw > 0 else "turn right"].format(value=abs(yaw)))
    if abs(pitch) >= _TURNED:
        parts.append(words["up" if pitch > 0 else "down"].format(value=abs(pitch)))
    if abs(roll) >= _TURNED:
        parts.append(words["tilt"].format(value=abs(roll)))
    text = words["head"].format(parts=", ".join(parts)) if parts else words["straight"]
    return f"{text} {words['far']}" if max(abs(yaw), abs(pitch)) >= _FAR else text


def said(opinion: Opinion, language: str) -> str:
    """Return the sentence on a second opinion."""
    return SENTENCES[language]["opinion"].format(
        origin=opinion.origin,
        label=TRANSLATIONS[language][opinion.label],
        share=100 * float(opinion.probabilities[FERPLUS.index(opinion.label)]),
        evidence=f": {opinion.evidence.rstrip('.')}" if opinion.evidence else "",
    )
