"""The plain convolutional network that most work on FER-2013 begins with: four blocks, then dense layers."""

from __future__ import annotations

from torch import Tensor, nn

from mimika.training.networks.blocks import convolution
from mimika.training.networks.expression import averaging
from mimika.training.networks.field import CONTRAST, MEAN


class FourBlockCnn(nn.Module):
    """Four blocks of two 3×3 convolutions with batch normalisation and ReLU, pooling and dropout; dense 512.

    Input (n, 1, 48, 48) luma 0..1, output logits (n, `classes`). The picture is first averaged down to `side`; while
    training, smaller ones from 33 px on are taken as they are: pooling rounds up, so that the last map is always 3×3.
    `spatial` is the chance that a channel is dropped after a block, `dropout`
    that of the dense layer. Source: Simonyan & Zisserman, "Very deep convolutional networks for large-scale image
    recognition", ICLR 2015 (the design of the blocks).
    """

    shrink: Tensor

    def __init__(
        self,
        classes: int,
        side: int = 48,
        widths: tuple[int, ...] = (32, 64, 128, 256),
        dense: int = 512,
        spatial: float = 0.1,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.side = side
        self.register_buffer("shrink", averaging(48, side), persistent=False)
        before, blocks = 1, []
        for width in widths:
            pair = (convolution(before, width), convolution(width, width))
            blocks.append(nn.Sequential(*pair, nn.MaxPool2d(2, ceil_mode=True), nn.Dropout2d(spatial)))
            before = width
        self.blocks = nn.ModuleList(blocks)
        self.dense = nn.Sequential(
            nn.Linear(before * 9, dense, bias=False), nn.BatchNorm1d(dense), nn.ReLU(inplace=True), nn.Dropout(dropout)
        )
        self.head = nn.Linear(dense, classes)

    def forward(self, luma: Tensor) -> Tensor:
        """(n, 1, 48, 48) luma to logits (n, classes)."""
        if luma.shape[-1] > self.side:
            luma = self.shrink @ luma @ self.shrink.T
        x = (luma - MEAN) * CONTRAST
        for block in self.blocks:
            x = block(x)
        return self.head(self.dense(x.flatten(1)))  # type: ignore[no-any-return]
