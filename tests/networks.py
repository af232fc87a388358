"""Tiny real ONNX networks with cards, for tests that need a network but not a trained one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CARD = """name = "{name}"
version = "1"
architecture = "made by a test"
licence = "Apache-2.0"
labels = []
sha256 = "{sha256}"
parameters = 3
macs = 4
bytes = {bytes}
[input]
name = "luma"
shape = {shape}
[settings]
{settings}
"""


def write_network(path: Path, nodes, shape, outputs, constants=None, settings="") -> Path:
    """Write a graph with input "luma" of `shape` (str for free axes) and its card; return the path of the .onnx."""
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info("luma", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    write_card(path, shape, settings)
    return path


def write_card(path: Path, shape, settings="") -> Path:
    """Write the card that fits the .onnx file as it is now."""
    data = path.read_bytes()
    card = path.with_suffix(".toml")
    free = [axis if isinstance(axis, int) else -1 for axis in shape]
    card.write_text(
        CARD.format(
            name=path.stem, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), shape=free, settings=settings
        ),
        "utf-8",
    )
    return card


def doubling(folder: Path, settings="") -> Path:
    """Write a network that gives its (n, 1, 4, 4) input twice over as "double" and its mean as "mean"."""
    nodes = [
        helper.make_node("Add", ["luma", "luma"], ["double"]),
        helper.make_node("ReduceMean", ["luma"], ["mean"], axes=[1, 2, 3], keepdims=0),
    ]
    return write_network(
        folder / "double.onnx", nodes, ["n", 1, 4, 4], {"double": ["n", 1, 4, 4], "mean": ["n"]}, settings=settings
    )
