"""From trained weights to a shipped file: ONNX, a parity check against PyTorch, and the card beside it."""

from __future__ import annotations

import copy
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tomli_w
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval
from torch.utils.flop_counter import FlopCounterMode

from mimika.data.errors import ModelError
from mimika.engine.session import Session
from mimika.training.quantize import quantized

PARITY = 1e-4
"""Largest allowed difference between PyTorch and ONNX Runtime on one input, relative to outputs larger than 1."""

HALF_FROM = 1024
"""Weight arrays of at least so many numbers are stored in float16, half the size; computed with in float32."""


def export_network(
    network: nn.Module,
    example: Tensor,
    target: Path,
    *,
    outputs: list[str],
    card: dict[str, Any],
    dynamic: dict[int, Any] | None = None,
    sample: NDArray[np.float32] | None = None,
    first_too: bool = True,
) -> dict[str, Any]:
    """Write `target` (.onnx) and its card (.toml); return the card.

    `outputs` are the names of the network's outputs in order; `example`, `dynamic`, `sample`, `first_too` as
    `write_network` takes them. `card` holds the free fields (name, version, architecture, input, labels, licence, data,
    scores, settings); sha256, parameters, macs, bytes, parity and the precision are added here.

    Raises:
        ModelError: if ONNX Runtime and PyTorch differ by more than `PARITY`.
    """
    network = rounded(folded(network.eval().float().to("cpu")))
    difference = write_network(network, example, target, outputs, dynamic, sample, first_too)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(example[:1])
    full = {
        **card,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "parameters": sum(p.numel() for p in network.parameters()),
        "macs": counter.get_total_flops() // 2,
        "bytes": target.stat().st_size,
        "parity": float(f"{difference:.2e}"),
        "precision": "float32, stored as float16" if sample is None else "int8 weights, uint8 activations",
    }
    write_card(target, full)
    return full


def write_network(
    network: nn.Module,
    example: Tensor,
    target: Path,
    outputs: list[str],
    dynamic: dict[int, Any] | None = None,
    sample: NDArray[np.float32] | None = None,
    first_too: bool = True,
) -> float:
    """Write a folded, rounded network to `target`, large weights in half the size; no card.

    `example` (n, 1, h, w) float32 fixes the shapes; `dynamic` names its free axes, by default {0: "n"}, or gives a
    `torch.export.Dim` where the exporter must know more, such as "a multiple of 32". With `sample`, typical inputs
    (n, c, h, w), the network is written in whole numbers (see `quantize`, `first_too` as well). Returns the largest
    difference between PyTorch and ONNX Runtime, before the numbers were made whole.

    Raises:
        ModelError: if they differ by more than `PARITY`.
    """
    model = _traced(network, example, target, outputs, {0: "n"} if dynamic is None else dynamic)
    onnx.save(halved(copy.deepcopy(model)), str(target))
    difference = parity(network, target, example, outputs)
    if difference > PARITY:
        raise ModelError(f"{target}: ONNX Runtime and PyTorch differ by {difference:.2e}, more than {PARITY:.0e}")
    if sample is not None:
        onnx.save(halved(quantized(model, sample, first_too)), str(target))
    return difference


def _traced(
    network: nn.Module, example: Tensor, target: Path, outputs: list[str], dynamic: dict[int, Any]
) -> onnx.ModelProto:
    """Return the network's graph in float32; `target` holds it in passing."""
    free = {axis: torch.export.Dim.AUTO if isinstance(size, str) else size for axis, size in dynamic.items()}
    # A batch of one would be taken for a constant.
    traced = example if 0 not in dynamic or len(example) > 1 else torch.cat([example, example])
    program = torch.onnx.export(
        network,
        (traced,),
        input_names=["luma"],
        output_names=outputs,
        dynamic_shapes=(free,),
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise ModelError(f"{target}: the exporter gave no program")
    program.save(str(target), include_initializers=True, external_data=False)
    return onnx.load(str(target))


def write_card(target: Path, card: dict[str, Any]) -> None:
    """Write the card beside a network; also used to add scores once the file has been measured."""
    target.with_suffix(".toml").write_text(tomli_w.dumps(_plain_first(card)), "utf-8")


def folded(network: nn.Module) -> nn.Module:
    """Return a copy whose batch normalisations are part of the convolution or dense layer before them."""
    network = copy.deepcopy(network)
    for module in network.modules():
        if not isinstance(module, nn.Sequential):
            continue
        for index in range(len(module) - 1):
            first, second = module[index], module[index + 1]
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                module[index], module[index + 1] = fuse_conv_bn_eval(first, second), nn.Identity()
            elif isinstance(first, nn.Linear) and isinstance(second, nn.BatchNorm1d):
                module[index], module[index + 1] = fuse_linear_bn_eval(first, second), nn.Identity()
    return network


def rounded(network: nn.Module) -> nn.Module:
    """Round the weights that are stored in float16, in place, so that nothing changes when they are."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.numel() >= HALF_FROM:
                parameter.copy_(parameter.half().float())
    return network


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large float32 weights as float16 and a cast, which ONNX Runtime folds away when it loads the file."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < HALF_FROM:
            continue
        name, stored = tensor.name, f"{tensor.name}.float16"
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), stored))
        casts.append(helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    for node in nodes:
        del node.metadata_props[:]  # the exporter's stack traces, with the paths of this machine
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def parity(network: nn.Module, target: Path, example: Tensor, outputs: list[str]) -> float:
    """Return the largest difference of any output between PyTorch and ONNX Runtime, relative where outputs exceed 1."""
    with torch.no_grad():
        wanted = network(example)
    wanted = [wanted] if isinstance(wanted, Tensor) else list(wanted)
    received = Session(target).run(example.numpy())
    worst = 0.0
    for want, got in zip(wanted, [received[name] for name in outputs], strict=True):
        reference = want.numpy()
        scale = max(1.0, float(np.abs(reference).max()))
        worst = max(worst, float(np.abs(reference - got).max()) / scale)
    return worst


def _plain_first(card: dict[str, Any]) -> dict[str, Any]:
    """Order a card so that plain values come before tables, as TOML wants them."""
    return dict(sorted(card.items(), key=lambda item: isinstance(item[1], dict)))
