"""Priors: shares from a file or from the faces themselves, and what they do to probabilities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mimika.data.errors import OptionError
from mimika.data.labels import FERPLUS
from mimika.stages.recognize.prior import estimated_shares, reweighted, wanted_shares

SHARES = {name: round(0.05 * (place + 1), 2) for place, name in enumerate(FERPLUS)}


def written(folder: Path, shares: dict[str, object]) -> str:
    path = folder / "prior.toml"
    path.write_text("".join(f"{name} = {share}\n" for name, share in shares.items()), "utf-8")
    return str(path)


def test_data_asks_for_nothing_and_uniform_for_all_alike() -> None:
    assert wanted_shares("data", FERPLUS) is None
    np.testing.assert_allclose(wanted_shares("uniform", FERPLUS[:5]), 0.2)


def test_a_file_is_read_by_name_and_brought_to_one(tmp_path: Path) -> None:
    found = wanted_shares(written(tmp_path, dict(reversed(SHARES.items()))), FERPLUS)
    np.testing.assert_allclose(found, np.arange(1, 9) / 36)
    two = wanted_shares(written(tmp_path, SHARES), ("happiness", "neutral"))
    np.testing.assert_allclose(two, [2 / 3, 1 / 3])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"joy": 0.1}, "prior.toml: unknown joy; the expressions are neutral"),
        ({"fear": "'much'"}, "expected shares of 0 or more"),
        ({"fear": -1}, "expected shares of 0 or more"),
        ({"fear": "nan"}, "expected shares of 0 or more"),
        (dict.fromkeys(FERPLUS, 0), "not all 0"),
    ],
)
def test_a_file_with_nonsense_is_refused(tmp_path: Path, change: dict[str, object], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        wanted_shares(written(tmp_path, SHARES | change), FERPLUS)


def test_a_missing_share_or_file_is_named(tmp_path: Path) -> None:
    few = {name: share for name, share in SHARES.items() if name not in ("fear", "anger")}
    with pytest.raises(OptionError, match=r"prior.toml: no share for anger, fear \(write 0"):
        wanted_shares(written(tmp_path, few), FERPLUS)
    with pytest.raises(OptionError, match=r"expected data, uniform or a TOML file, received 'unifrom' \(no such file"):
        wanted_shares("unifrom", FERPLUS)
    (tmp_path / "table.csv").write_text("a,b\n", "utf-8")
    with pytest.raises(OptionError, match=r"table.csv: not TOML"):
        wanted_shares(str(tmp_path / "table.csv"), FERPLUS)


def test_the_same_shares_change_nothing_and_an_absent_expression_vanishes() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0]])
    prior = np.array([0.5, 0.3, 0.2])
    np.testing.assert_allclose(reweighted(probabilities, prior, prior), probabilities, atol=1e-6)
    without = reweighted(probabilities, prior, np.array([0.5, 0.0, 0.5]))
    assert without[0, 1] == 0
    np.testing.assert_allclose(without.sum(1), 1, atol=1e-6)


def test_the_shares_of_faces_with_another_mixture_are_found_again() -> None:
    """Three classes seen through overlapping bells; the mixture here is the reverse of the one it was read with."""
    rng = np.random.default_rng(3)
    prior, truth = np.array([0.7, 0.2, 0.1]), np.array([0.1, 0.2, 0.7])
    place = rng.choice(3, 3000, p=truth) + rng.normal(0, 0.6, 3000)
    weighed = prior * np.exp(-((place[:, None] - np.arange(3)) ** 2) / (2 * 0.6**2))
    probabilities = weighed / weighed.sum(1, keepdims=True)
    assert np.abs(probabilities.mean(0) - truth).max() > 0.08
    np.testing.assert_allclose(estimated_shares(probabilities, prior), truth, atol=0.03)


def test_a_faint_look_of_something_rare_on_every_face_does_not_take_everything() -> None:
    """All faces alike: the likeliest mixture is the rare class alone, 0.06 / 0.005 being the largest ratio."""
    prior = np.array([0.6, 0.395, 0.005])
    alike = np.tile([0.64, 0.3, 0.06], (500, 1))
    shares = estimated_shares(alike, prior)
    assert shares[2] <= 4 * 0.06 + 1e-3
    assert shares.sum() == pytest.approx(1)


def test_what_was_not_seen_stays_possible() -> None:
    prior = np.array([0.6, 0.39, 0.01])
    shares = estimated_shares(np.tile([0.7, 0.3, 0.0], (500, 1)), prior)
    assert shares[2] == pytest.approx(0.005, rel=0.05)


def test_few_faces_change_little() -> None:
    one = np.array([[0.01, 0.98, 0.01]])
    prior = np.array([0.4, 0.3, 0.3])
    np.testing.assert_allclose(estimated_shares(one, prior), prior, atol=0.04)
    np.testing.assert_allclose(estimated_shares(np.zeros((0, 3)), prior), prior)
