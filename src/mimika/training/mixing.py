"""Training on blends of two pictures: mixup and CutMix."""

from __future__ import annotations

import torch
from torch import Tensor


def mixup(luma: Tensor, alpha: float) -> tuple[Tensor, Tensor, float]:
    """Blend a batch (n, c, h, w) with itself in another order.

    Returns the blend, the order (n,) of the second pictures, and the share 0.5..1 of the first; the loss takes the
    same shares of both targets. Source: Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018.
    """
    order = torch.randperm(len(luma), device=luma.device)
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    share = max(share, 1 - share)
    return share * luma + (1 - share) * luma[order], order, share


def cutmix(luma: Tensor, alpha: float) -> tuple[Tensor, Tensor, float]:
    """Paste a rectangle of other pictures of the batch (n, c, h, w) into each picture.

    Returns the pictures, the order (n,) of those pasted, and the share of the area that was kept.
    Source: Yun et al., "CutMix: regularization strategy to train strong classifiers", ICCV 2019.
    """
    order = torch.randperm(len(luma), device=luma.device)
    height, width = luma.shape[-2:]
    side = float((1 - torch.distributions.Beta(alpha, alpha).sample()).sqrt())
    centre_y, centre_x = torch.rand(2).tolist()
    top, bottom = (round(min(1.0, max(0.0, centre_y + sign * side / 2)) * height) for sign in (-1, 1))
    left, right = (round(min(1.0, max(0.0, centre_x + sign * side / 2)) * width) for sign in (-1, 1))
    mixed = luma.clone()
    mixed[..., top:bottom, left:right] = luma[order][..., top:bottom, left:right]
    return mixed, order, 1 - (bottom - top) * (right - left) / (height * width)
