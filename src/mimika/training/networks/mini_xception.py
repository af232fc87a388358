"""mini-XCEPTION: depthwise separable convolutions with shortcuts, made for few parameters."""

from __future__ import annotations

from torch import Tensor, nn

from mimika.training.networks.blocks import convolution
from mimika.training.networks.field import CONTRAST, MEAN


def separable(inputs: int, outputs: int) -> nn.Sequential:
    """Return a 3×3 convolution within each channel, a 1×1 across them, and batch normalisation."""
    across = nn.Conv2d(inputs, outputs, 1, bias=False)
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False), across, nn.BatchNorm2d(outputs)
    )


class SeparableDown(nn.Module):
    """Two separable convolutions and pooling beside a 1×1 convolution, both halving the side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            separable(inputs, outputs), nn.ReLU(inplace=True), separable(outputs, outputs), nn.MaxPool2d(3, 2, 1)
        )
        self.shortcut = convolution(inputs, outputs, 1, 2, activate=False)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, d, h / 2, w / 2), halves rounded up."""
        return self.body(x) + self.shortcut(x)  # type: ignore[no-any-return]


class MiniXception(nn.Module):
    """mini-XCEPTION: two 3×3 convolutions, four blocks of separable convolutions, one logit map a class, averaged.

    Input (n, 1, side, side) luma 0..1, output logits (n, `classes`); any side will do. Source: Arriaga,
    Valdenegro-Toro, Plöger, "Real-time convolutional neural networks for emotion and gender classification", 2017
    (figure 4).
    """

    def __init__(
        self, classes: int, stem: int = 8, widths: tuple[int, ...] = (16, 32, 64, 128), dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(convolution(1, stem), convolution(stem, stem))
        before = (stem, *widths)
        self.blocks = nn.ModuleList([SeparableDown(a, b) for a, b in zip(before, widths, strict=False)])
        self.dropout = nn.Dropout2d(dropout)
        self.head = nn.Conv2d(widths[-1], classes, 3, padding=1)

    def forward(self, luma: Tensor) -> Tensor:
        """(n, 1, side, side) luma to logits (n, classes)."""
        x = self.stem((luma - MEAN) * CONTRAST)
        for block in self.blocks:
            x = block(x)
        return self.head(self.dropout(x)).mean((2, 3))  # type: ignore[no-any-return]
