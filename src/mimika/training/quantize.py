"""A network in small whole numbers: a quarter of the time where processors multiply bytes, half the size anywhere."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

BATCH = 50
LAYERS = ("Conv", "Relu", "Add", "AveragePool")
"""What is computed in whole numbers; the heads behind the average stay as they are."""
QUANTIZED, SCALE, ZERO = "_quantized", "_scale", "_zero_point"
"""What ONNX Runtime adds to the name of an array that it stores in whole numbers."""


def quantized(model: onnx.ModelProto, sample: NDArray[np.float32], first_too: bool = True) -> onnx.ModelProto:
    """Return a float32 network with int8 weights a channel and uint8 activations.

    `sample` (n, c, h, w) are typical inputs, of the training split: the ranges of the activations are read off them.
    Convolutions of the input itself stay in float32 unless `first_too`: of few channels they are slower in whole ones.
    Weights take seven bits, as two products of eight overflow the sums of processors without VNNI. Source: ONNX
    Runtime's documentation, "Quantize ONNX models".
    """
    skipped = [] if first_too else _first_convolutions(model)
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        onnx.save(model, str(before))
        quantize_static(
            before, after, _Batches(sample), quant_format=QuantFormat.QDQ, op_types_to_quantize=list(LAYERS),
            nodes_to_exclude=skipped, per_channel=True, reduce_range=True, activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )  # fmt: skip
        return onnx.load(str(after))


def _first_convolutions(model: onnx.ModelProto) -> list[str]:
    """Return the names of the convolutions that see the input, or a part of it that was cut out."""
    seen, names = {given.name for given in model.graph.input}, []
    for node in model.graph.node:
        if node.op_type == "Slice" and node.input[0] in seen:
            seen.update(node.output)
        elif node.op_type == "Conv" and node.input[0] in seen:
            names.append(node.name)
    return names


def is_quantized(model: onnx.ModelProto) -> bool:
    """Whether weights of a network are stored in whole numbers."""
    return any(tensor.name.endswith(QUANTIZED) for tensor in model.graph.initializer)


def weights_of(model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """Return the stored arrays of a network by name, those in whole numbers as the numbers they stand for."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    whole = [name for name in stored if name.endswith(QUANTIZED)]
    for name in whole:
        own = name.removesuffix(QUANTIZED)
        # Biases have scales named after their whole numbers, weights after themselves.
        mark = name if name + SCALE in stored else own
        values = stored[name].astype(np.float32)
        along = (-1,) + (1,) * (values.ndim - 1)
        stored[own] = (values - stored[mark + ZERO].reshape(along)) * stored[mark + SCALE].reshape(along)
    return stored


class _Batches(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, sample: NDArray[np.float32]) -> None:
        self.batches: Iterator[NDArray[np.float32]] = iter(
            sample[start : start + BATCH] for start in range(0, len(sample), BATCH)
        )

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next batch as the quantizer wants it, None behind the last."""
        batch = next(self.batches, None)
        return None if batch is None else {"luma": batch}
