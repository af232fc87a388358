"""The layers that our networks are built from: dense convolutions, because bfloat16 and ONNX Runtime like them."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, *, activate: bool = True) -> nn.Sequential:
    """Return convolution, batch normalisation and, unless switched off, ReLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if activate else nn.Sequential(*layers)


class Residual(nn.Module):
    """Two 3×3 convolutions with a shortcut, as in ResNet's basic block. Source: He et al., CVPR 2016.

    While training, each sample goes without the convolutions with probability `drop`. Source: Huang et al., "Deep
    networks with stochastic depth", ECCV 2016.
    """

    def __init__(self, channels: int, drop: float = 0.0) -> None:
        super().__init__()
        self.drop = drop
        self.body = nn.Sequential(convolution(channels, channels), convolution(channels, channels, activate=False))
        nn.init.zeros_(self.body[1][1].weight)  # type: ignore[index]
        self.activate = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to the same shape."""
        moved = self.body(x)
        if self.training and self.drop:
            kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.drop
            moved = moved * (kept.to(moved.dtype) / (1 - self.drop))
        return self.activate(x + moved)  # type: ignore[no-any-return]
