"""Timelines with a known course."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mimika.data.labels import ACTION_UNITS, FERPLUS
from mimika.data.timeline import Timeline


def times(seconds: float, fps: float = 25.0) -> np.ndarray:
    """Return evenly spaced times."""
    return np.arange(round(seconds * fps)) / fps


def uneven(seconds: float, fps: float = 25.0, seed: int = 0) -> np.ndarray:
    """Return times whose steps vary fourfold."""
    steps = np.random.default_rng(seed).choice([0.5, 0.5, 1.0, 2.0], int(seconds * fps)) / fps
    return np.concatenate([[0.0], np.cumsum(steps)[:-1]])


def row(**shares: float) -> np.ndarray:
    """Return probabilities (8,) with these shares, the rest equally spread."""
    rest = (1 - sum(shares.values())) / (len(FERPLUS) - len(shares))
    return np.array([shares.get(name, rest) for name in FERPLUS])


def course(time_s: np.ndarray, *parts: tuple[float, dict[str, float]], noise: float = 0.0, seed: int = 1) -> np.ndarray:
    """Return probabilities (n, 8): from each part's second on its shares hold."""
    rows = np.empty((len(time_s), len(FERPLUS)))
    for start, shares in parts:
        rows[time_s >= start - 1e-9] = row(**shares)
    if noise:
        logits = np.log(rows) + np.random.default_rng(seed).normal(0, noise, rows.shape)
        rows = np.exp(logits)
    return rows / rows.sum(axis=1, keepdims=True)


def timeline(
    time_s: np.ndarray | Sequence[float],
    probabilities: np.ndarray | None = None,
    units: dict[str, np.ndarray] | None = None,
    eyes: np.ndarray | None = None,
) -> Timeline:
    """Return a timeline of face 3; `units` holds (n,) or (n, 2) intensities by name, the others are 0."""
    n = len(time_s)
    action_units = np.zeros((n, len(ACTION_UNITS), 2))
    for name, values in (units or {}).items():
        action_units[:, ACTION_UNITS.index(name)] = values if np.ndim(values) == 2 else np.asarray(values)[:, None]
    return Timeline(
        face=3,
        source="made.mp4",
        time_s=np.asarray(time_s),
        boxes=np.tile([10, 10, 100, 120], (n, 1)),
        presence=np.full(n, 0.98),
        probabilities=course(np.asarray(time_s), (-1e9, {"neutral": 0.9})) if probabilities is None else probabilities,
        angles=np.zeros((n, 3)),
        translations=np.zeros((n, 3)),
        action_units=action_units,
        eye_openness=np.ones((n, 2)) if eyes is None else eyes,
        gaze=np.zeros((n, 2)),
    )
