"""The losses against values worked out by hand: a wrong sign or weight trains quietly and badly."""

from __future__ import annotations

import math

import pytest
import torch

from mimika.data.errors import OptionError
from mimika.training import losses

LOGITS = torch.tensor([[math.log(6.0), math.log(3.0), 0.0]])
"""Softmax: 0.6, 0.3, 0.1."""
FIRST = torch.tensor([[1.0, 0.0, 0.0]])


def test_cross_entropy() -> None:
    assert losses.cross_entropy(LOGITS, FIRST).tolist() == pytest.approx([-math.log(0.6)])


def test_votes_are_shares_and_no_votes_cost_nothing() -> None:
    votes = torch.tensor([[6.0, 2.0, 0.0], [0.0, 0.0, 0.0]])
    wanted = -(0.75 * math.log(0.6) + 0.25 * math.log(0.3))
    assert losses.soft_votes(LOGITS.expand(2, 3), votes).tolist() == pytest.approx([wanted, 0.0])


def test_label_smoothing() -> None:
    loss = losses.make_loss({"smoothing": 0.3}, [1, 1, 1])
    assert losses.smoothed(FIRST, 0.3).tolist()[0] == pytest.approx([0.8, 0.1, 0.1])
    wanted = -(0.8 * math.log(0.6) + 0.1 * math.log(0.3) + 0.1 * math.log(0.1))
    assert loss(LOGITS, FIRST).tolist() == pytest.approx([wanted])


def test_focal() -> None:
    loss = losses.make_loss({"name": "focal", "gamma": 2.0}, [1, 1, 1])
    assert loss(LOGITS, FIRST).tolist() == pytest.approx([-(0.4**2) * math.log(0.6)])
    assert losses.focal(LOGITS, FIRST, 0.0).tolist() == pytest.approx([-math.log(0.6)])


def test_class_weights_by_effective_number() -> None:
    """With beta 0.5: one sample counts 1, two count 1.5, three 1.75; weights are their inverses, of mean 1."""
    inverse = [1.0, 1 / 1.5, 1 / 1.75]
    wanted = [value * 3 / sum(inverse) for value in inverse]
    assert losses.class_weights(torch.tensor([1, 2, 3]), 0.5).tolist() == pytest.approx(wanted)
    loss = losses.make_loss({"name": "class_balanced", "beta": 0.5}, [1, 2, 3])
    assert loss(LOGITS, FIRST).tolist() == pytest.approx([-wanted[0] * math.log(0.6)])
    assert losses.class_weights(torch.tensor([0, 5]), 0.9).tolist() == pytest.approx([0.0, 1.0])


def test_logit_adjustment() -> None:
    """Shares 0.2, 0.3, 0.5 times 0.6, 0.3, 0.1 are 0.12, 0.09, 0.05: the first class has 0.12 of 0.26."""
    loss = losses.make_loss({"name": "logit_adjusted"}, [2, 3, 5])
    assert loss(LOGITS, FIRST).tolist() == pytest.approx([-math.log(0.12 / 0.26)])
    without = losses.make_loss({"name": "logit_adjusted", "tau": 0.0}, [2, 3, 5])
    assert without(LOGITS, FIRST).tolist() == pytest.approx([-math.log(0.6)])


@pytest.mark.parametrize("options", [{"name": "hinge"}, {"name": "focal", "beta": 0.9}, {"gamma": 1}])
def test_mistakes_are_told(options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match="loss"):
        losses.make_loss(options, [1, 1])
