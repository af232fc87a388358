"""From trained weights to a shipped file: ONNX, a parity check against PyTorch, and the card beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import tomli_w
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mimika.data.errors import ModelError

PARITY = 1e-4
"""Largest allowed difference between PyTorch and ONNX Runtime on the same input, relative to outputs larger than 1."""


def export_network(
    network: nn.Module,
    example: Tensor,
    target: Path,
    *,
    outputs: list[str],
    card: dict[str, Any],
    dynamic: dict[int, str] | None = None,
) -> dict[str, Any]:
    """Write `target` (.onnx) and its card (.toml); return the card.

    `example` (n, 1, h, w) float32 fixes the shapes; `dynamic` names its free axes, by default {0: "n"}. `outputs` are the
    names of the network's outputs in order. `card` holds the free fields (name, version, architecture, input, labels,
    licence, data, scores, settings); sha256, parameters, macs and bytes are added here.

    Raises:
        ModelError: if ONNX Runtime and PyTorch differ by more than `PARITY`.
    """
    network = network.eval().float().to("cpu")
    dynamic = {0: "n"} if dynamic is None else dynamic
    free = {axis: torch.export.Dim.AUTO for axis in dynamic}
    # A batch of one would be taken for a constant.
    traced = example if 0 not in dynamic or len(example) > 1 else torch.cat([example, example])
    program = torch.onnx.export(
        network, (traced,), input_names=["luma"], output_names=outputs, dynamic_shapes=(free,), dynamo=True, verbose=False
    )
    if program is None:
        raise ModelError(f"{target}: the exporter gave no program")
    program.save(str(target), include_initializers=True, external_data=False)
    difference = parity(network, target, example, outputs)
    if difference > PARITY:
        raise ModelError(f"{target}: ONNX Runtime and PyTorch differ by {difference:.2e}, more than {PARITY:.0e}")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(example[:1])
    full = {
        **card,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "parameters": sum(p.numel() for p in network.parameters()),
        "macs": counter.get_total_flops() // 2,
        "bytes": target.stat().st_size,
        "parity": float(f"{difference:.2e}"),
    }
    target.with_suffix(".toml").write_text(tomli_w.dumps(_plain_first(full)), "utf-8")
    return full


def parity(network: nn.Module, target: Path, example: Tensor, outputs: list[str]) -> float:
    """Return the largest difference of any output between PyTorch and ONNX Runtime, relative where outputs exceed 1."""
    with torch.no_grad():
        wanted = network(example)
    wanted = [wanted] if isinstance(wanted, Tensor) else list(wanted)
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    received = session.run(outputs, {"luma": example.numpy()})
    worst = 0.0
    for want, got in zip(wanted, received, strict=True):
        reference = want.numpy()
        scale = max(1.0, float(np.abs(reference).max()))
        worst = max(worst, float(np.abs(reference - got).max()) / scale)
    return worst


def _plain_first(card: dict[str, Any]) -> dict[str, Any]:
    """Order a card so that plain values come before tables, as TOML wants them."""
    return dict(sorted(card.items(), key=lambda item: isinstance(item[1], dict)))
