"""Kept results: those of another network must never be taken for the present one's."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mimika.training.kept import kept


@pytest.fixture
def networks(monkeypatch):
    shas = {"mesh": "a", "eyes": "b"}
    monkeypatch.setattr("mimika.training.kept.card", lambda name: SimpleNamespace(sha256=shas[name]))
    return shas


def test_results_are_made_once_for_the_same_networks_and_again_for_others(tmp_path, networks):
    made = []

    def make():
        made.append(dict(networks))
        return {"points": np.full(3, len(made)), "names": np.array(["x", "y"])}

    def ask(setting=""):
        return kept(tmp_path / "deep" / "some.npz", ["mesh", "eyes"], make, setting)

    assert ask()["points"].tolist() == [1, 1, 1]
    again = ask()
    assert again["points"].tolist() == [1, 1, 1]
    assert sorted(again) == ["names", "points"]
    networks["eyes"] = "c"
    assert ask()["points"].tolist() == [2, 2, 2]
    assert ask("500 faces")["points"].tolist() == [3, 3, 3]
    assert len(made) == 3


def test_a_file_of_before_that_does_not_say_what_made_it_is_made_anew(tmp_path, networks):
    np.savez(tmp_path / "old.npz", points=np.zeros(3))
    assert kept(tmp_path / "old.npz", ["mesh"], lambda: {"points": np.ones(3)})["points"].tolist() == [1, 1, 1]
