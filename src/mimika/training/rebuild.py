"""An expression network out of its ONNX file, to train it further.

The exporter folds batch normalisations into the convolutions before them and keeps the names of the weights, so a file
holds all that is needed: the architecture can be read from the shapes.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from mimika.data.errors import ModelError
from mimika.training.export import PARITY, folded, parity
from mimika.training.networks.expression import ExpressionNetwork, ShippedExpression
from mimika.training.quantize import is_quantized, weights_of

HALF = ".float16"
"""What `export.halved` adds to the names of weights that it stores in half the size."""

WHOLE = 0.15
"""Largest difference to a file in whole numbers, as `export.PARITY`; noise, unlike faces, leaves their range."""

OUTPUTS = ["logits", "logits7", "embedding"]

Weights = dict[str, NDArray[Any]]


def rebuilt(file: Path, dropout: float = 0.0) -> ShippedExpression:
    """Return the network of an exported expression file, ready to be trained on; its norms stay folded.

    `dropout` acts on the feature vector while training.

    Raises:
        ModelError: if the file is no network of that family, or the rebuilt one computes something else.
    """
    model = loaded(file)
    weights = _weights(model)
    try:
        network = ExpressionNetwork(*_shape(weights), dropout)
        whole = ShippedExpression(network, len(weights["projection.weight"]), len(weights["left"]))
        whole = folded(whole.eval())  # type: ignore[assignment]
        wanted = whole.state_dict()
        whole.load_state_dict({name: torch.from_numpy(weights[name].astype(np.float32)) for name in wanted})
    except (KeyError, IndexError, RuntimeError, ValueError) as error:
        raise ModelError(
            f"{file}: not an expression network of mimika's own design, so it cannot be trained further"
        ) from error
    _check(whole.eval(), file, WHOLE if is_quantized(model) else PARITY)
    return whole


def between(start: Any, end: nn.Module, share: float) -> Any:
    """Return a network whose weights lie `share` of the way from those of `start` to those of `end`, 0..1.

    Source: Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022.
    """
    network, there = copy.deepcopy(start), end.state_dict()
    here = start.state_dict()
    network.load_state_dict({name: torch.lerp(here[name].float(), there[name].float(), share) for name in here})
    return network


def is_whole(file: Path) -> bool:
    """Whether a network file computes in whole numbers.

    Raises:
        ModelError: if the file cannot be read.
    """
    return is_quantized(loaded(file))


def _check(whole: nn.Module, file: Path, allowed: float) -> None:
    generator = torch.Generator().manual_seed(0)
    luma = torch.rand(4, 1, 64, 64, generator=generator)
    difference = parity(whole, file, luma, OUTPUTS)
    if difference > allowed:
        raise ModelError(f"{file}: ONNX Runtime and PyTorch differ by {difference:.2e}, more than {allowed:.0e}")


def loaded(file: Path) -> onnx.ModelProto:
    """Return an ONNX file.

    Raises:
        ModelError: if it cannot be read.
    """
    try:
        return onnx.load(str(file))
    except FileNotFoundError as error:
        raise ModelError(f"{file}: no such model file") from error
    except Exception as error:  # protobuf's own error class is not public
        raise ModelError(f"{file}: not a network that can be read (damaged, or not ONNX)") from error


def _weights(model: onnx.ModelProto) -> Weights:
    return {name.removesuffix(HALF): values for name, values in weights_of(model).items()}


def _shape(weights: Weights) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Return side, widths and blocks as `ExpressionNetwork` takes them."""
    places = [match for name in weights if (match := re.match(r"network\.stages\.(\d+)\.(\d+)\.", name))]
    last: dict[int, int] = {}
    for match in places:
        stage, place = int(match[1]), int(match[2])
        last[stage] = max(place, last.get(stage, 0))
    widths = [weights["network.stages.0.0.0.bias"].shape[0]]
    widths += [weights[f"network.stages.{stage}.0.body.0.0.bias"].shape[0] for stage in range(1, len(last))]
    # The first convolution of the first stage is no block; in the others the first is.
    blocks = [last[0], *(last[stage] + 1 for stage in range(1, len(last)))]
    return weights["left"].shape[1], tuple(widths), tuple(blocks)
