"""Our own design on tight pictures, so that it can be compared with the others on the same input."""

from __future__ import annotations

from torch import Tensor, nn

from mimika.training.networks.expression import ExpressionNetwork
from mimika.training.networks.field import CONTRAST, MEAN


class TightExpression(nn.Module):
    """The stages of our `expression` network with one head, on the picture as it is instead of an aligned crop.

    Input (n, 1, side, side) luma 0..1, output logits (n, `classes`); any side will do. `widths`, `blocks`, `drop` as in
    `networks.expression.ExpressionNetwork`; `dropout` before the head.
    """

    def __init__(
        self,
        classes: int,
        widths: tuple[int, ...] = (32, 64, 160, 256),
        blocks: tuple[int, ...] = (1, 2, 2, 1),
        dropout: float = 0.3,
        drop: float = 0.0,
    ) -> None:
        super().__init__()
        self.stages = ExpressionNetwork(widths=widths, blocks=blocks, drop=drop).stages
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, luma: Tensor) -> Tensor:
        """(n, 1, side, side) luma to logits (n, classes)."""
        x = (luma - MEAN) * CONTRAST
        for stage in self.stages:
            x = stage(x)
        return self.head(self.dropout(x.mean((2, 3))))  # type: ignore[no-any-return]
