"""One network, ready to run. The only place that knows ONNX Runtime."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from mimika.data.errors import ModelError

_ERRORS: tuple[type[Exception], ...] = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.ModelLoaded,
    ort_errors.NoModel,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)
_ONLY_FATAL = 4


class Session:
    """A network with one input and named outputs, run on the CPU.

    `threads` are the compute threads, 0 for every core this process may use. Free axes of the input, the batch above
    all, may change from call to call.

    Raises:
        ModelError: if the file is missing, is not an ONNX network, or has several inputs.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        self._path = Path(path)
        if not self._path.is_file():
            raise ModelError(f"{self._path}: no such model file")
        try:
            self._session = ort.InferenceSession(
                str(self._path), _options(threads or cores()), providers=["CPUExecutionProvider"]
            )
        except _ERRORS as error:
            raise ModelError(f"{self._path}: not a network that can be run (damaged, or not ONNX)") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise ModelError(f"{self._path}: a network with one input expected, this one has {len(inputs)}")
        self._input = inputs[0]
        self._outputs = [output.name for output in self._session.get_outputs()]

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The input's shape, None for an axis that is free."""
        return tuple(size if isinstance(size, int) else None for size in self._input.shape)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of the outputs, in the order of the file."""
        return tuple(self._outputs)

    def run(self, batch: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Run the network on one array and return its outputs by name.

        Raises:
            ModelError: if the array does not fit the network's input.
        """
        try:
            values = self._session.run(self._outputs, {self._input.name: batch})
        except _ERRORS as error:
            raise ModelError(
                f"{self._path}: cannot run on {batch.dtype} {batch.shape}, the network takes {self._input.type} "
                f"{tuple(self._input.shape)}"
            ) from error
        return dict(zip(self._outputs, values, strict=True))


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = _ONLY_FATAL
    if threads == 1:
        # Idle workers that spin take the second core away from the decoder.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options
