"""Blends of two pictures: the loss must take the shares that the pixels have."""

from __future__ import annotations

import pytest
import torch

from mimika.training.mixing import cutmix, mixup


def test_mixup_says_which_two_pictures_it_blended_and_how_much_of_each() -> None:
    torch.manual_seed(0)
    luma = torch.rand(6, 1, 8, 8)
    mixed, order, share = mixup(luma, 0.3)
    assert 0.5 <= share <= 1
    torch.testing.assert_close(mixed, share * luma + (1 - share) * luma[order])


@pytest.mark.parametrize("seed", range(8))
def test_cutmix_s_share_is_the_share_of_pixels_kept(seed: int) -> None:
    torch.manual_seed(seed)
    luma = torch.arange(5.0)[:, None, None, None].expand(5, 1, 16, 12)
    mixed, order, share = cutmix(luma, 1.0)
    for row, other in enumerate(order.tolist()):
        pasted = (mixed[row] == float(other)) & (mixed[row] != float(row))
        assert other == row or float(pasted.float().mean()) == pytest.approx(1 - share, abs=1e-6)
    assert torch.equal(luma[:, 0, 0, 0], torch.arange(5.0)), "the batch itself must stay as it was"
