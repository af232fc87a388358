"""The network that compares a face with its neutral: it must learn what the pipeline will show it."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mimika.stages.measure.changes import layers  # noqa: E402
from mimika.stages.measure.evened import deviations  # noqa: E402
from mimika.training import changes, steps  # noqa: E402
from mimika.training.changes import ChangeNetwork, Pairs, agreement, compared, fit  # noqa: E402
from mimika.training.halves import jittered, roughened  # noqa: E402


def some_pairs(rng, count):
    """Return pairs whose units say how much brighter the chin became."""
    portraits = rng.integers(90, 160, (count, 2, 96, 96)).astype(np.uint8)
    gained = rng.random((count, 1, 1))
    shares = np.tile(gained, (1, 23, 2))
    portraits[:, 0, 70:, :] = np.clip(portraits[:, 1, 70:, :] + 80 * gained, 0, 255)
    return Pairs(torch.from_numpy(portraits), torch.from_numpy(shares.astype(np.float32)), np.arange(count) % 4 == 0)


def test_what_is_learnt_from_is_what_is_seen_later():
    portraits = np.random.default_rng(0).integers(1, 255, (3, 2, 96, 96)).astype(np.uint8)
    halves = torch.from_numpy(deviations(portraits))
    wanted = layers(portraits[:, 0], portraits[:, 1])
    np.testing.assert_allclose(compared(halves[..., -60:]).numpy(), wanted[:3], atol=1e-5)
    np.testing.assert_allclose(compared(halves.flip(3)[..., -60:]).numpy(), wanted[3:], atol=1e-5)


def test_halves_are_moved_a_little_and_right_ones_mirrored():
    chance = torch.Generator().manual_seed(0)
    slope = torch.linspace(0, 200, 96).round().to(torch.uint8).expand(40, 2, 96, 96)
    left = jittered(slope, torch.zeros(40, dtype=torch.bool), 60, chance)
    right = jittered(slope, torch.ones(40, dtype=torch.bool), 60, chance)
    assert left.shape == (40, 2, 96, 60)
    assert left[:, :, 48, 30].mean() > right[:, :, 48, 30].mean() + 1
    apart = (left[:, 0] - left[:, 1]).abs().mean()
    assert 0 < apart < (left - left.mean(dim=0)).abs().mean()
    assert roughened(left.clone(), chance).shape == left.shape


def test_a_training_that_was_interrupted_goes_on_where_it_was(tmp_path, monkeypatch, capsys):
    pairs = some_pairs(np.random.default_rng(1), 48)
    monkeypatch.setattr(steps, "REPORT", 4)
    calls = []

    def stop(network, kept):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return agreement(network, kept)

    monkeypatch.setattr(changes, "agreement", stop)
    with pytest.raises(KeyboardInterrupt):
        fit(pairs, (12, 4), tmp_path / "state.pt", batch=8)
    network = fit(pairs, (12, 4), tmp_path / "state.pt", batch=8)
    assert isinstance(network, ChangeNetwork)
    told = capsys.readouterr().out
    assert told.count("4/12") == 1
    assert "12/12" in told
    assert "4/4" in told
