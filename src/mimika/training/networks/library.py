"""Networks from Hugging Face's transformers, fitted to small luma pictures.

Their weights keep the library's names below `model.`, so that files from its hub fit (see `pretrained.py`).
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from transformers import (
    ConvNextConfig,
    ConvNextForImageClassification,
    ResNetConfig,
    ResNetForImageClassification,
    ViTConfig,
    ViTForImageClassification,
)

from mimika.data.errors import OptionError
from mimika.training.networks.field import CONTRAST, MEAN

DEPTHS: dict[int, tuple[str, list[int]]] = {
    18: ("basic", [2, 2, 2, 2]),
    34: ("basic", [3, 4, 6, 3]),
    50: ("bottleneck", [3, 4, 6, 3]),
    101: ("bottleneck", [3, 4, 23, 3]),
    152: ("bottleneck", [3, 8, 36, 3]),
}
"""Layers of a ResNet to its kind of block and the blocks of each stage. Source: He et al., CVPR 2016, table 1."""

STEMS = ("full", "half", "quarter")


class _Wrapped(nn.Module):
    """A library's classifier on luma 0..1 that gives its logits alone."""

    model: nn.Module

    def forward(self, luma: Tensor) -> Tensor:
        """(n, 1, side, side) luma to logits (n, classes)."""
        return self.model((luma - MEAN) * CONTRAST).logits  # type: ignore[no-any-return]


class ResNet(_Wrapped):
    """A residual network of 18, 34, 50, 101 or 152 layers.

    `stem` is the share of the side at which the first stage works: "quarter" is the 7×7 convolution with stride and
    pooling that was made for 224 px, "half" leaves the pooling out, "full" begins with a plain 3×3 convolution. At
    48 px the first leaves 12, 6, 3 and 2 places a side to the four stages; "half" costs three to four times as much,
    "full" four times again. `width` is the channels of the stem, 64 as published. Source: He et al., "Deep residual
    learning for image recognition", CVPR 2016.
    """

    def __init__(self, classes: int, layers: int = 18, stem: str = "half", width: int = 64) -> None:
        super().__init__()
        if layers not in DEPTHS or stem not in STEMS:
            known = f"layers one of {', '.join(map(str, DEPTHS))} and stem one of {', '.join(STEMS)}"
            raise OptionError(f"network: expected {known}, received {layers} and {stem!r}")
        kind, depths = DEPTHS[layers]
        widths = [width * factor * (1 if kind == "basic" else 4) for factor in (1, 2, 4, 8)]
        made: Any = ResNetForImageClassification(
            ResNetConfig(
                num_channels=1,
                num_labels=classes,
                embedding_size=width,
                hidden_sizes=widths,
                depths=depths,
                layer_type=kind,
            )
        )
        self.model, embedder = made, made.resnet.embedder
        if stem != "quarter":
            embedder.pooler = nn.Identity()
        if stem == "full":
            embedder.embedder.convolution = nn.Conv2d(1, width, 3, padding=1, bias=False)


class VisionTransformer(_Wrapped):
    """A vision transformer on patches of `patch` pixels.

    Source: Dosovitskiy et al., "An image is worth 16x16 words: transformers for image recognition at scale", ICLR 2021.
    """

    def __init__(
        self,
        classes: int,
        side: int = 48,
        patch: int = 8,
        width: int = 192,
        layers: int = 6,
        heads: int = 3,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.model = ViTForImageClassification(
            ViTConfig(
                num_channels=1,
                num_labels=classes,
                image_size=side,
                patch_size=patch,
                hidden_size=width,
                num_hidden_layers=layers,
                num_attention_heads=heads,
                intermediate_size=4 * width,
                hidden_dropout_prob=dropout,
            )
        )


class ConvNext(_Wrapped):
    """ConvNeXt, by default of the size T: depths 3, 3, 9, 3 and widths 96, 192, 384, 768.

    `patch` is the stride of the first layer. Source: Liu et al., "A ConvNet for the 2020s", CVPR 2022.
    """

    def __init__(
        self,
        classes: int,
        patch: int = 4,
        depths: tuple[int, ...] = (3, 3, 9, 3),
        widths: tuple[int, ...] = (96, 192, 384, 768),
        drop: float = 0.1,
    ) -> None:
        super().__init__()
        self.model = ConvNextForImageClassification(
            ConvNextConfig(
                num_channels=1,
                num_labels=classes,
                patch_size=patch,
                num_stages=len(depths),
                depths=list(depths),
                hidden_sizes=list(widths),
                drop_path_rate=drop,
            )
        )
