"""From one expression to another, and several at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mimika.data.episodes import Mixture, Transition
from mimika.data.labels import FERPLUS
from mimika.data.timeline import Timeline
from mimika.stages.timeline.paths import state_path
from mimika.stages.timeline.smooth import centred_mean

_CALM_S = 0.2
_PLATEAU_S = 1.0
"""Before and after a change the face is compared with what it showed for at most this long."""
_BEGUN, _DONE = 0.1, 0.9
"""A change lasts from a tenth to nine tenths of its way, as rise times are measured."""

_MIXED_CALM_S = 0.5
_SHARE_MIN = 0.2
_NEUTRAL_MAX = 0.35
_MIXED_SHORTEST_S = 0.5
_MIXED_BRIDGE_S = 0.2
_MOST = 3

COMPOUNDS: dict[frozenset[str], str] = {
    frozenset(("happiness", "surprise")): "happily surprised",
    frozenset(("happiness", "disgust")): "happily disgusted",
    frozenset(("sadness", "fear")): "sadly fearful",
    frozenset(("sadness", "anger")): "sadly angry",
    frozenset(("sadness", "surprise")): "sadly surprised",
    frozenset(("sadness", "disgust")): "sadly disgusted",
    frozenset(("fear", "anger")): "fearfully angry",
    frozenset(("fear", "surprise")): "fearfully surprised",
    frozenset(("fear", "disgust")): "fearfully disgusted",
    frozenset(("anger", "surprise")): "angrily surprised",
    frozenset(("anger", "disgust")): "angrily disgusted",
    frozenset(("disgust", "surprise")): "disgustedly surprised",
}
"""Names of compound expressions.

Source: Du, Tao, Martinez, "Compound facial expressions of emotion", PNAS 2014.
"""


def transitions(timeline: Timeline) -> list[Transition]:
    """Return every change from one expression to another, neutral included.

    Which expressions followed each other is read off the most likely path (`paths.state_path`); the moment of a change
    is when the two were equally likely nearby. No change is told across an absence.
    """
    path = state_path(timeline.time_s, timeline.probabilities.astype(np.float64))
    found = []
    for piece in timeline.pieces():
        time_s, states = timeline.time_s[piece], path[piece]
        calm = centred_mean(time_s, timeline.probabilities[piece].astype(np.float64), _CALM_S, timeline.step_s)
        edges = [0, *(np.flatnonzero(np.diff(states)) + 1).tolist(), len(states)]
        for (start, change), (_, stop) in pairwise(pairwise(edges)):
            origin, target = int(states[change - 1]), int(states[change])
            lead = calm[start:stop, target] - calm[start:stop, origin]
            begun, when, done = _course(time_s[start:stop], lead, change - start)
            found.append(Transition(FERPLUS[origin], FERPLUS[target], begun, when, done, timeline.face))
    return found


def _course(time_s: NDArray[np.float64], lead: NDArray[np.float64], change: int) -> tuple[float, float, float]:
    """Return when a change began, was half done and had ended; `lead` (n,) is the new one's lead over the old."""
    signs = np.flatnonzero((lead[1:] >= 0) & (lead[:-1] < 0))
    middle = int(signs[np.abs(signs + 1 - change).argmin()]) + 1 if len(signs) else change
    when = _between(time_s, lead, middle, 0.0)
    before = lead[:middle][time_s[:middle] >= time_s[middle - 1] - _PLATEAU_S]
    after = lead[middle:][time_s[middle:] <= time_s[middle] + _PLATEAU_S]
    low, high = float(np.quantile(before, 0.25)), float(np.quantile(after, 0.75))
    early = np.flatnonzero(lead[:middle] <= low + _BEGUN * (high - low))
    late = np.flatnonzero(lead[middle:] >= low + _DONE * (high - low))
    begun = float(time_s[early[-1]]) if len(early) else float(time_s[0])
    done = float(time_s[middle + late[0]]) if len(late) else float(time_s[-1])
    return min(begun, when), when, max(done, when)


def _between(time_s: NDArray[np.float64], values: NDArray[np.float64], row: int, level: float) -> float:
    """Return when the value crossed the level between the row before and this one."""
    low, high = values[row - 1], values[row]
    share = np.clip((level - low) / (high - low), 0, 1) if high > low else 1.0
    return float(time_s[row - 1] + share * (time_s[row] - time_s[row - 1]))


def mixtures(timeline: Timeline) -> list[Mixture]:
    """Return the stretches in which a face showed two or three expressions at once.

    Shares are of the expressions other than neutral, averaged over half a second; each that belongs has at least a
    fifth, the same ones for at least half a second, and neutral less than 0.35. A share is what the network sees in the
    face, trained on how the votes of ten people were spread: two large shares mean a mixture, or doubt.
    """
    found = []
    for piece in timeline.pieces():
        time_s = timeline.time_s[piece]
        calm = centred_mean(time_s, timeline.probabilities[piece].astype(np.float64), _MIXED_CALM_S, timeline.step_s)
        shares = calm[:, 1:] / np.maximum(calm[:, 1:].sum(axis=1, keepdims=True), 1e-9)
        codes = _members(shares, calm[:, 0])
        for start, stop in _same(time_s, codes):
            if time_s[stop - 1] - time_s[start] >= _MIXED_SHORTEST_S:
                found.append(_mixture(timeline.face, time_s[start:stop], shares[start:stop], int(codes[start])))
    return found


def _members(shares: NDArray[np.float64], neutral: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return which expressions take part in each row, one bit each; 0 where the face shows one or none."""
    ranks = shares.argsort(axis=1)[:, ::-1].argsort(axis=1)
    taking = (shares >= _SHARE_MIN) & (ranks < _MOST)
    taking &= (taking.sum(axis=1) >= 2)[:, None] & (neutral < _NEUTRAL_MAX)[:, None]
    return np.asarray(taking @ (1 << np.arange(shares.shape[1])), np.int64)


def _same(time_s: NDArray[np.float64], codes: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return start and end rows of the stretches of one mixture, a short interruption left out of account."""
    edges = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    runs: list[tuple[int, int]] = []
    for start, stop in pairwise(edges):
        if not codes[start]:
            continue
        if runs and codes[runs[-1][0]] == codes[start] and time_s[start] - time_s[runs[-1][1] - 1] <= _MIXED_BRIDGE_S:
            runs[-1] = runs[-1][0], stop
        else:
            runs.append((start, stop))
    return runs


def _mixture(face: int, time_s: NDArray[np.float64], shares: NDArray[np.float64], code: int) -> Mixture:
    members = [index for index in range(shares.shape[1]) if code >> index & 1]
    means = shares[:, members].mean(axis=0)
    order = np.argsort(-means, kind="stable")
    labels = [FERPLUS[1 + members[index]] for index in order]
    parts = tuple(zip(labels, (means[order] / means.sum()).tolist(), strict=True))
    return Mixture(parts, COMPOUNDS.get(frozenset(labels), ""), float(time_s[0]), float(time_s[-1]), face)
