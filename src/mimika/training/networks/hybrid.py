"""Convolutions where the picture is large, attention where few places are left."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mimika.training.networks.blocks import Residual, convolution
from mimika.training.networks.expression import Down
from mimika.training.networks.field import CONTRAST, MEAN


class Attention(nn.Module):
    """Self-attention and two dense layers, each normalised first and added to what came in.

    Sources: Vaswani et al., "Attention is all you need", NeurIPS 2017; Xiong et al., "On layer normalization in the
    transformer architecture", ICML 2020.
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mixed, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.dense = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(n, places, width) to the same shape."""
        n, places, width = x.shape
        parts = self.mixed(self.before(x)).view(n, places, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(n, places, width)
        x = x + self.dropout(self.out(seen))
        return x + self.dropout(self.dense(self.after(x)))  # type: ignore[no-any-return]


class ConvAttention(nn.Module):
    """Residual convolutions down to an eighth of the side, then attention among the places that are left.

    Input (n, 1, side, side) luma 0..1, output logits (n, `classes`); another side needs other positions. `widths` are
    the channels at a half, a quarter and an eighth; `blocks` the residual blocks of the first two and the attention
    blocks of the last. Source: Dai et al., "CoAtNet: marrying convolution and attention for all data sizes", NeurIPS
    2021 (the order of the stages).
    """

    def __init__(
        self,
        classes: int,
        side: int = 48,
        widths: tuple[int, int, int] = (32, 80, 192),
        blocks: tuple[int, int, int] = (1, 2, 3),
        heads: int = 6,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        first, second, third = widths
        self.convolutions = nn.Sequential(
            convolution(1, first, 5, 2),
            *(Residual(first) for _ in range(blocks[0])),
            Down(first, second),
            *(Residual(second) for _ in range(blocks[1] - 1)),
            Down(second, third),
        )
        self.positions = nn.Parameter(torch.randn(1, ((side + 7) // 8) ** 2, third) * 0.02)
        self.attention = nn.Sequential(*(Attention(third, heads, dropout) for _ in range(blocks[2])))
        self.norm, self.dropout = nn.LayerNorm(third), nn.Dropout(dropout)
        self.head = nn.Linear(third, classes)

    def forward(self, luma: Tensor) -> Tensor:
        """(n, 1, side, side) luma to logits (n, classes)."""
        x = self.convolutions((luma - MEAN) * CONTRAST).flatten(2).transpose(1, 2)
        x = self.norm(self.attention(x + self.positions)).mean(1)
        return self.head(self.dropout(x))  # type: ignore[no-any-return]
