"""The face detector: luma of any aspect in, a score, a box and five points for every cell of three maps out."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mimika.training.networks.blocks import convolution

STRIDES = (8, 16, 32)
OUTPUTS = 15
"""Score logit, box (centre shift x and y, log width and height), five points (x, y each); all in cells."""

_LOG_SIZE = 6.0
"""Bound of the box's log size, so that a wild first prediction does not overflow."""


class Separable(nn.Module):
    """A depthwise convolution and a pointwise one with a shortcut: context at a ninth of the price of a dense layer."""

    def __init__(self, channels: int, kernel: int = 3) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            convolution(channels, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to the same shape."""
        return x + self.body(x)  # type: ignore[no-any-return]


def _stage(inputs: int, outputs: int, reduce: int, blocks: int, kernel: int) -> nn.Sequential:
    """Halve the map by a convolution of `reduce` pixels, then look around with depthwise `kernel`s."""
    halve = [
        nn.Conv2d(inputs, outputs, reduce, 2, padding=(reduce - 1) // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]
    return nn.Sequential(*halve, *(Separable(outputs, kernel) for _ in range(blocks)))


class DetectNetwork(nn.Module):
    """A stem that quarters the picture, three stages, a top-down path and one light head a stride.

    Input (n, 1, h, w) luma 0..1 with h and w multiples of 32; output a raw map (n, 15, h / s, w / s) for each stride s.
    """

    def __init__(
        self,
        stem: int = 16,
        kernel: int = 6,
        reduce: int = 2,
        widths: tuple[int, int, int] = (32, 64, 96),
        blocks: tuple[int, int, int] = (2, 2, 3),
        neck: int = 32,
        heads: tuple[int, int, int] = (1, 1, 1),
    ) -> None:
        super().__init__()
        a, b, c = widths
        self.stem = nn.Sequential(
            nn.Conv2d(1, stem, kernel, 4, padding=(kernel - 4) // 2, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(inplace=True),
        )
        self.stages = nn.ModuleList(
            [_stage(stem, a, 3, blocks[0], 3), _stage(a, b, reduce, blocks[1], 5), _stage(b, c, reduce, blocks[2], 5)]
        )
        self.lateral = nn.ModuleList([nn.Conv2d(width, neck, 1) for width in widths])
        self.heads = nn.ModuleList(
            [nn.Sequential(*(Separable(neck) for _ in range(depth)), nn.Conv2d(neck, OUTPUTS, 1)) for depth in heads]
        )
        for head in self.heads:
            out = head[-1]  # type: ignore[index]
            nn.init.normal_(out.weight, std=0.01)
            nn.init.zeros_(out.bias)
            # Nearly every cell is background: starting at 1 % keeps the first steps from drowning in it.
            nn.init.constant_(out.bias[:1], -4.6)

    def forward(self, luma: Tensor) -> list[Tensor]:
        """Return the raw maps of strides 8, 16 and 32."""
        x = self.stem(luma)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        upper = None
        merged: list[Tensor] = []
        for lateral, fine in zip(reversed(self.lateral), reversed(maps), strict=True):
            here = lateral(fine)
            if upper is not None:
                here = here + F.interpolate(upper, scale_factor=2.0, mode="nearest")
            upper = here
            merged.insert(0, here)
        return [head(F.relu(level)) for head, level in zip(self.heads, merged, strict=True)]


def cells(height: int, width: int, device: torch.device | None = None) -> Tensor:
    """Return the (k, 3) cells of a picture in the order of the maps: centre x and y in pixels, and the stride."""
    rows = []
    for stride in STRIDES:
        y = (torch.arange(height // stride, device=device) + 0.5) * stride
        x = (torch.arange(width // stride, device=device) + 0.5) * stride
        grid_y, grid_x = torch.meshgrid(y, x, indexing="ij")
        rows.append(torch.stack([grid_x, grid_y, torch.full_like(grid_x, float(stride))], dim=-1).reshape(-1, 3))
    return torch.cat(rows)


def flatten(maps: list[Tensor]) -> Tensor:
    """Join the raw maps into (n, k, 15), cells in row order, strides one after the other."""
    return torch.cat([level.flatten(2) for level in maps], dim=2).transpose(1, 2)


def decode(raw: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
    """Turn (..., 15) raw outputs at (..., 3) cells into corner boxes (..., 4) and points (..., 10) in pixels."""
    centre, stride = grid[..., :2], grid[..., 2:]
    middle = centre + raw[..., 1:3] * stride
    half = raw[..., 3:5].clamp(-_LOG_SIZE, _LOG_SIZE).exp() * stride * 0.5
    points = raw[..., 5:] * stride + torch.cat([centre] * 5, dim=-1)
    return torch.cat([middle - half, middle + half], dim=-1), points


class ShippedDetect(nn.Module):
    """The network as it is shipped: bytes in, scores and shapes of all cells out.

    `shift` is added to the score's logit, so that 0.5 is the threshold chosen on the validation pictures.
    """

    def __init__(self, network: DetectNetwork, shift: float = 0.0) -> None:
        super().__init__()
        self.network = copy.deepcopy(network)
        self.shift = shift
        with torch.no_grad():
            # The stem takes the scale in, so that bytes need no division.
            self.network.stem[0].weight.div_(255)  # type: ignore[operator]

    def forward(self, luma: Tensor) -> tuple[Tensor, Tensor]:
        """Take luma (1, 1, h, w) uint8; return scores (1, k) 0..1 and shapes (1, 14, k) in cells."""
        maps = self.network(luma.float())
        joined = torch.cat([level.flatten(2) for level in maps], dim=2)
        return (joined[:, 0] + self.shift).sigmoid(), joined[:, 1:]
