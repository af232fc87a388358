"""The networks of the field, by the name that a recipe gives: luma (n, 1, side, side) in, logits (n, classes) out."""

from __future__ import annotations

import copy
import importlib
from typing import Any

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mimika.data.errors import OptionError

MEAN, CONTRAST = 0.5, 4.0
"""Luma is brought to about zero mean and unit spread inside each network."""

NETWORKS = {
    "four_block_cnn": "four_block:FourBlockCnn",
    "mini_xception": "mini_xception:MiniXception",
    "resnet": "library:ResNet",
    "vit": "library:VisionTransformer",
    "convnext": "library:ConvNext",
    "conv_attention": "hybrid:ConvAttention",
    "expression": "tight:TightExpression",
}
"""Network name in a recipe to module and class under `mimika.training.networks`."""


def fused(network: nn.Module) -> nn.Module:
    """Return a copy in which transformers' convolutions hold the batch normalisation after them.

    `export.folded` does so for ours. It must be done before weights are rounded to half precision: the exporter would
    do it afterwards, and round the products again.
    """
    network = copy.deepcopy(network).eval()
    for module in network.modules():
        first, second = getattr(module, "convolution", None), getattr(module, "normalization", None)
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            module.convolution, module.normalization = fuse_conv_bn_eval(first, second), nn.Identity()
    return network


def make_network(options: dict[str, Any], classes: int) -> nn.Module:
    """Make the network of a recipe's [network] table: `name`, and the arguments of its class.

    Raises:
        OptionError: there is no such network, or it has no such argument.
    """
    rest = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    name = rest.pop("name", "")
    if name not in NETWORKS:
        raise OptionError(f"network.name: expected one of {', '.join(NETWORKS)}, received {name!r}")
    module, _, kind = NETWORKS[name].partition(":")
    try:
        home = importlib.import_module(f"mimika.training.networks.{module}")
    except ModuleNotFoundError as error:
        raise OptionError(f"network {name} needs {error.name}: pip install 'mimika[train]'") from error
    try:
        made: nn.Module = getattr(home, kind)(classes, **rest)
    except TypeError as error:
        raise OptionError(f"network {name}: {error}") from error
    return made
