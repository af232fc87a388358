"""What is done to halves of faces while networks learn from them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mimika.stages.measure.evened import GAIN, MIDDLE


def jittered(pictures: Tensor, mirrored: Tensor, width: int, chance: torch.Generator) -> Tensor:
    """Return (n, k, s, width) left halves of (n, k, s, s) evened pictures; turned, scaled and shifted, as deviations.

    The k pictures of a row are moved together and a bit apart from each other; where `mirrored` (n,) the halves are
    right ones, mirrored.
    """
    n, count, side, _ = pictures.shape

    def drawn(spread: float) -> Tensor:
        return torch.randn(n, generator=chance) * spread

    turn, scale, right, down = drawn(0.05), torch.exp(drawn(0.04)), drawn(0.03), drawn(0.03)
    sign = 1 - 2 * mirrored.float()
    pixels = (torch.arange(side) * 2 + 1 - side) / side
    grid = torch.stack(
        [pixels[-width:].expand(side, width), pixels[:, None].expand(side, width), torch.ones(side, width)], -1
    )
    result = []
    for one in range(count):
        angle, size = turn + drawn(0.006), scale * torch.exp(drawn(0.006))
        cosine, sine = size * torch.cos(angle), size * torch.sin(angle)
        matrix = torch.stack(
            [
                torch.stack([sign * cosine, -sine, right + drawn(0.006)], 1),
                torch.stack([sign * sine, cosine, down + drawn(0.006)], 1),
            ],
            1,
        )
        places = (grid.reshape(1, -1, 3) @ matrix.transpose(1, 2)).reshape(n, side, width, 2)
        picture = pictures[:, one : one + 1].float()
        result.append(nn.functional.grid_sample(picture, places, padding_mode="border", align_corners=False))
    return (torch.cat(result, 1) - MIDDLE) / GAIN


def roughened(halves: Tensor, chance: torch.Generator) -> Tensor:
    """Change contrast, light, grain and sharpness of (n, k, h, w) halves, each picture of a row by itself."""
    n, count = halves.shape[:2]
    halves = halves * torch.exp(torch.randn(n, count, 1, 1, generator=chance) * 0.08)
    halves = halves + torch.randn(n, count, 1, 1, generator=chance) * 0.08
    grain = torch.rand(n, count, 1, 1, generator=chance) * 0.12
    halves = halves + torch.randn(halves.shape, generator=chance) * grain
    soft = (torch.rand(n, count, generator=chance) < 0.15).nonzero(as_tuple=True)
    halves[soft] = softened(halves[soft])
    return halves


def softened(pictures: Tensor) -> Tensor:
    """Return the means of 3 × 3 pixels of (n, h, w), zero outside; with one channel quicker than pooling."""
    padded = nn.functional.pad(pictures, (1, 1, 1, 1))
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    return (rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]) / 9
