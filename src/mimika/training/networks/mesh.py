"""The mesh network: an aligned luma crop in, 478 points and a presence score out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mimika.training.networks.blocks import Residual, convolution

POINTS = 478


class MeshNetwork(nn.Module):
    """A plain residual network whose last layer starts as the principal components of face shapes.

    Input (n, 1, side, side) luma 0..1; output points (n, 478, 3) in pixels of the crop and presence logits (n,).
    """

    def __init__(self, side: int = 96, widths: tuple[int, ...] = (16, 32, 64, 128, 192), features: int = 256) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.body = nn.Sequential(
            convolution(1, a, 5, 2),
            convolution(a, b, 3, 2),
            Residual(b),
            convolution(b, c, 3, 2),
            Residual(c),
            convolution(c, d, 3, 2),
            Residual(d),
            Residual(d),
            convolution(d, e, 3, 2),
            Residual(e),
        )
        last = side // 32 + (side % 32 > 0)
        self.reduce = nn.Sequential(nn.Flatten(), nn.Linear(e * last * last, features), nn.BatchNorm1d(features))
        self.activate = nn.PReLU(features)
        self.shape = nn.Linear(features, POINTS * 3)
        self.presence = nn.Linear(features, 1)

    def set_components(self, mean: Tensor, components: Tensor) -> None:
        """Start the last layer at the mean shape (1434,) and components (k, 1434) scaled to their spread in pixels."""
        with torch.no_grad():
            self.shape.bias.copy_(mean)
            self.shape.weight.zero_()
            self.shape.weight[:, : len(components)] = components.T[:, : self.shape.in_features]

    def forward(self, luma: Tensor) -> tuple[Tensor, Tensor]:
        """Return points in crop pixels and presence logits."""
        x = self.activate(self.reduce(self.body((luma - 0.45) * 4.0)))
        return self.shape(x).reshape(-1, POINTS, 3), self.presence(x)[:, 0]


class ShippedMesh(nn.Module):
    """The network as it is shipped: presence as a probability."""

    def __init__(self, network: MeshNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, luma: Tensor) -> tuple[Tensor, Tensor]:
        """Return points (n, 478, 3) in crop pixels and presence (n,) 0..1."""
        points, presence = self.network(luma)
        return points, presence.sigmoid()
