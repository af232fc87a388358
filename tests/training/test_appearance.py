"""The network that says how skin looks: it must learn what a region shows, by what that region shows."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mimika.data.labels import FERPLUS  # noqa: E402
from mimika.stages.faces.align import mean_face  # noqa: E402
from mimika.stages.measure.appearance import FEATURES  # noqa: E402
from mimika.training import steps  # noqa: E402
from mimika.training.action_units_weak import hinted_units  # noqa: E402
from mimika.training.appearance import _ROWS, UNITS, AppearanceNetwork, Truth, faces_of, fit, told_apart  # noqa: E402


def some_faces(rng, votes):
    """Return faces of one shape: the surprised have a stripe over the eyes, the happy one at the mouth."""
    cuts = rng.integers(100, 150, (len(votes), 64, 64)).astype(np.uint8)
    cuts[votes[:, FERPLUS.index("surprise")] > 0, 12:15] = 250
    cuts[votes[:, FERPLUS.index("happiness")] > 0, 50:53] = 250
    meshes = np.repeat(40 * mean_face()[None] + [100, 100, 0], len(votes), axis=0)
    return faces_of((meshes + rng.normal(0, 0.2, meshes.shape)).astype(np.float32), cuts)


def test_the_upper_region_is_not_in_the_numbers_of_the_lower_one():
    network = AppearanceNetwork().eval()
    halves = torch.randn(2, 1, 64, 40)
    other = halves.clone()
    other[:, :, :20] = 0
    with torch.no_grad():
        before, after = network(halves), network(other)
    assert before.shape == (2, 2 * FEATURES)
    assert (before[:, :FEATURES] != after[:, :FEATURES]).any()
    assert torch.equal(before[:, FEATURES:], after[:, FEATURES:])


def test_hints_are_learnt_and_an_interrupted_training_goes_on(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(1)
    votes = np.eye(len(FERPLUS))[rng.choice([FERPLUS.index("surprise"), FERPLUS.index("happiness")], 200)] * 10
    faces = some_faces(rng, votes)
    shares = torch.from_numpy(np.repeat(hinted_units(votes)[:, _ROWS, None], 2, axis=2))
    truth = Truth(shares, torch.ones(len(votes), len(UNITS)), torch.full((len(votes),), 1 / len(votes)))
    every = np.concatenate([votes[:40], np.eye(len(FERPLUS)) * 10])
    check = some_faces(rng, every), every
    monkeypatch.setattr(steps, "REPORT", 10)
    half = tmp_path / "half.pt"
    fit(faces, truth, 30, half, check)
    learner = fit(faces, truth, 30, half, check)
    told = capsys.readouterr().out
    assert told.count("10/30") == 1
    surprise, happiness = (np.flatnonzero(every.argmax(1) == FERPLUS.index(name)) for name in ("surprise", "happiness"))
    with torch.no_grad():
        found = learner(faces_half(check[0]), *(each[:, 0] for each in check[0].shapes))
    brows, lips = UNITS.index("AU1"), UNITS.index("AU12")
    assert found[surprise, brows].mean() > found[happiness, brows].mean()
    assert found[happiness, lips].mean() > found[surprise, lips].mean()
    assert 0 <= told_apart(learner, *check) <= 1


def faces_half(faces):
    return (faces.pictures[..., -40:].float() - 128) / 40
