"""The expression network: an aligned luma crop in, two sets of logits and an embedding out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mimika.data.labels import FER2013, FERPLUS
from mimika.stages.faces.align import EXPRESSION_CROP
from mimika.training.networks.blocks import Residual, convolution

MEAN, CONTRAST = 0.5, 4.0
"""Luma is brought to about zero mean and unit spread inside the network."""

LOOKS = {
    1: ((0, 0, False),),
    2: ((0, 0, False), (0, 0, True)),
    4: ((-1, -1, False), (-1, -1, True), (1, 1, False), (1, 1, True)),
}
"""How often a shipped network looks at a crop: from which corner, and whether in a mirror."""
REACH = 1
"""How far towards a corner it looks, in pixels of the crop; chosen on validation."""

GRID = 3
"""The descriptor averages the maps of the early stages over GRID × GRID parts of the face."""


def averaging(size: int, side: int) -> Tensor:
    """Return the (side, size) matrix that resamples a line of `size` pixels to `side`, without aliasing.

    A product with a constant is computed alike by every runtime, which cannot be said of their resizing layers. The
    numbers are exact in float16, because the exporter stores them so.
    """
    lines = F.interpolate(torch.eye(size)[None, None], size=(side, size), mode="bilinear", antialias=True)
    return lines[0, 0].half().float()


def views(size: int, side: int, count: int) -> tuple[Tensor, Tensor]:
    """Return the matrices (count, side, size) and (count, size, side) of the ways to look at a crop, see `LOOKS`.

    The product left @ crop @ right is the crop averaged down to `side`, moved and mirrored.
    """
    shrink = averaging(size, side)
    left, right = [], []
    for down, across, mirror in LOOKS[count]:
        left.append(shrink @ moving(size, down * REACH))
        column = (shrink @ moving(size, across * REACH)).T
        right.append(column.flip(0) if mirror else column)
    return torch.stack(left).half().float(), torch.stack(right).half().float()


def moving(size: int, shift: int) -> Tensor:
    """Return the (size, size) matrix that moves a line by `shift` pixels; at its ends the last ones are repeated."""
    return torch.eye(size)[(torch.arange(size) + shift).clamp(0, size - 1)]


def gridded(x: Tensor) -> Tensor:
    """Average maps (n, c, side, side) over the parts of the face: (n, c, GRID, GRID)."""
    side = int(x.shape[2])
    if side % GRID == 0:
        return F.avg_pool2d(x, side // GRID)
    shares = averaging(side, GRID).to(x)
    return shares @ x @ shares.T


class Down(nn.Module):
    """A residual block that halves the side: 3×3 convolutions beside an averaged shortcut.

    Source: He et al., "Bag of tricks for image classification", CVPR 2019 (ResNet-D).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(convolution(inputs, outputs, 3, 2), convolution(outputs, outputs, activate=False))
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, ceil_mode=True), convolution(inputs, outputs, 1, activate=False))
        self.activate = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, d, h / 2, w / 2), halves rounded up."""
        return self.activate(self.shortcut(x) + self.body(x))  # type: ignore[no-any-return]


class ExpressionNetwork(nn.Module):
    """A plain residual network with two heads on one feature vector.

    Input (n, 1, 64, 64) luma 0..1; `forward` gives logits (n, 8) in FER+ order and (n, 7) in FER-2013 order. The crop
    is first averaged down to `side` pixels: FER-2013 has no finer detail to learn from, and the cost falls by half.
    `widths` and `blocks` are the channels and the residual blocks of each stage; the first works at half the side.
    `dropout` of the feature vector and `drop` of residual blocks act while training only.
    """

    shrink: Tensor

    def __init__(
        self,
        side: int = 48,
        widths: tuple[int, ...] = (32, 64, 160, 256),
        blocks: tuple[int, ...] = (1, 2, 2, 1),
        dropout: float = 0.3,
        drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.register_buffer("shrink", averaging(EXPRESSION_CROP.side, side), persistent=False)
        self.set_side(side)
        first = (Residual(widths[0], drop) for _ in range(blocks[0]))
        stages = [nn.Sequential(convolution(1, widths[0], 5, 2), *first)]
        for before, width, count in zip(widths, widths[1:], blocks[1:], strict=False):
            stages.append(nn.Sequential(Down(before, width), *(Residual(width, drop) for _ in range(count - 1))))
        self.stages = nn.ModuleList(stages)
        self.dropout = nn.Dropout(dropout)
        self.ferplus = nn.Linear(widths[-1], len(FERPLUS))
        self.fer2013 = nn.Linear(widths[-1], len(FER2013))
        self.descriptor_size = GRID**2 * sum(widths[1:-1]) + widths[-1]

    def set_side(self, side: int) -> None:
        """Average crops down to another side while training; beginning with small ones saves time."""
        self.training_shrink = averaging(EXPRESSION_CROP.side, side)

    def features(self, luma: Tensor) -> list[Tensor]:
        """Return the maps (n, width, h, w) of every stage but the first."""
        shrink = self.training_shrink.to(luma.device) if self.training else self.shrink
        return self.maps(shrink @ luma @ shrink.T)

    def maps(self, small: Tensor) -> list[Tensor]:
        """Return the same of crops (n, 1, side, side) that are averaged down already."""
        x = (small - MEAN) * CONTRAST
        maps = []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number:
                maps.append(x)
        return maps

    def describe(self, maps: list[Tensor]) -> Tensor:
        """Return the descriptor (n, descriptor_size): the mean of the last map, the others by parts of the face."""
        *early, last = maps
        return torch.cat([*(gridded(x).flatten(1) for x in early), last.mean((2, 3))], 1)

    def heads(self, maps: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return both sets of logits of the last stage's mean."""
        feature = self.dropout(maps[-1].mean((2, 3)))
        return self.ferplus(feature), self.fer2013(feature)

    def forward(self, luma: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (n, 8) and logits7 (n, 7)."""
        return self.heads(self.features(luma))


class ShippedExpression(nn.Module):
    """The network as it is shipped: with an embedding of unit length for telling faces apart.

    The embedding is a linear map of the network's descriptor, set by `set_projection`; early stages see more of
    who somebody is, the last one more of what the face does. The crop is looked at `looks` times (1, 2 or 4, see
    `LOOKS`), at so many times the cost, and the answers are averaged: what a face is read as then hangs less on which
    way round it is and on where exactly it was cut. While training it is looked at once.
    """

    left: Tensor
    right: Tensor

    def __init__(self, network: ExpressionNetwork, size: int = 128, looks: int = 1) -> None:
        super().__init__()
        self.network = network
        left, right = views(EXPRESSION_CROP.side, len(network.shrink), looks)
        self.register_buffer("left", left, persistent=False)
        self.register_buffer("right", right, persistent=False)
        self.projection = nn.Linear(network.descriptor_size, size, bias=False)
        self.centre = nn.Parameter(torch.zeros(network.descriptor_size), requires_grad=False)

    def set_projection(self, weight: Tensor, centre: Tensor) -> None:
        """Set the map (size, descriptor) and the average face's descriptor, which is taken off first."""
        with torch.no_grad():
            self.projection.weight.copy_(weight)
            self.centre.copy_(centre)

    def forward(self, luma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits (n, 8), logits7 (n, 7) and embedding (n, size)."""
        if self.training:
            looks, maps = 1, self.network.features(luma)
        else:
            looks, maps = len(self.left), self.network.maps((self.left @ luma @ self.right).flatten(0, 1)[:, None])
        logits, logits7 = self.network.heads(maps)
        answers = (logits, logits7, self.projection(self.network.describe(maps) - self.centre))
        if looks > 1:
            answers = tuple(answer.unflatten(0, (-1, looks)).mean(1) for answer in answers)
        return answers[0], answers[1], F.normalize(answers[2], dim=1)
