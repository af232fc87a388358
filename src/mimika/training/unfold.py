"""Weights out of an exported network, to go on from where it ships: what the export folded is taken apart again.

The exporter folds each batch normalisation into the layer before it. A network that learns without them learns badly,
so they are put back: normalised by what a batch of faces shows, and scaled so that nothing that it computes changes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mimika.data.errors import ModelError
from mimika.training.quantize import weights_of
from mimika.training.rebuild import HALF, loaded

PREFIX = "network."
"""What the names of the weights begin with in a file: a shipped network holds the one that learns."""


def unfold(network: nn.Module, file: Path, batch: Tensor) -> None:
    """Give `network` the weights of an exported file, in place; `batch` (n, 1, h, w) are typical inputs.

    Raises:
        ModelError: if the file cannot be read, or is another network's.
    """
    model = loaded(file)
    stored = weights_of(model)
    given = {name.removesuffix(HALF).removeprefix(PREFIX): values for name, values in stored.items()}
    # The exporter gives the slopes of PReLU no name; they stand in the order of the layers.
    slopes = [stored[node.input[1]].ravel() for node in model.graph.node if node.op_type == "PRelu"]
    layers = [name for name, layer in network.named_modules() if isinstance(layer, nn.PReLU)]
    given |= {f"{name}.weight": slope for name, slope in zip(layers, slopes, strict=False)}
    try:
        biases = _copied(network, given)
    except (KeyError, RuntimeError) as error:
        raise ModelError(f"{file}: not the network of this recipe ({error})") from error
    hooks = [norm.register_forward_pre_hook(_measuring(bias)) for norm, bias in biases.items()]
    with torch.no_grad():
        network.eval()(batch)
    for hook in hooks:
        hook.remove()
    network.train()


def _copied(network: nn.Module, given: dict[str, NDArray[np.generic]]) -> dict[nn.Module, Tensor]:
    """Copy all weights but those of normalisations; returns these with the bias that each was folded into."""
    layers = dict(network.named_modules())
    before = {}
    for name, layer in layers.items():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            place, _, number = name.rpartition(".")
            before[name] = f"{place}.{int(number) - 1}"
    for name, parameter in network.named_parameters():
        if name.rpartition(".")[0] in before:
            continue
        values = torch.from_numpy(np.array(given[name], np.float32))
        if values.shape != parameter.shape:
            raise RuntimeError(f"{name} is {tuple(values.shape)}, wanted {tuple(parameter.shape)}")
        if name.endswith(".bias") and name.rpartition(".")[0] in before.values():
            values = torch.zeros_like(values)  # the normalisation holds it
        with torch.no_grad():
            parameter.copy_(values)
    return {
        layers[norm]: torch.from_numpy(np.array(given[f"{layer}.bias"], np.float32)) for norm, layer in before.items()
    }


def _measuring(bias: Tensor):  # type: ignore[no-untyped-def]
    def measure(norm: nn.BatchNorm1d | nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        seen = inputs[0].transpose(0, 1).flatten(1)
        mean, variance = seen.mean(1), seen.var(1)
        norm.running_mean.copy_(mean)  # type: ignore[union-attr]
        norm.running_var.copy_(variance)  # type: ignore[union-attr]
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(mean + bias)

    return measure
