"""Weights to begin with: from a file or a hub, loaded where names and shapes fit, and a report of what was not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mimika.data.errors import InputCorrupt, InputMissing, InputUnsupported, OptionError

PREFIXES = ("", "module.", "network.", "model.", "averaged.module.", "averaged.module.model.", "network.model.")
"""What others put before the names of the same weights."""


@dataclass(slots=True)
class Loaded:
    """What became of a file of weights, by name in our network: loaded, summed over colours, skipped with the reason.

    `missing` were not in the file and stay as they were; `unused` were in the file and have no place here.
    """

    source: str
    loaded: list[str] = field(default_factory=list)
    summed: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{self.source}: {len(self.loaded)} of {self.count} arrays loaded"]
        lines += [f"  summed over colours: {name}" for name in self.summed]
        lines += [f"  skipped {name}: {reason}" for name, reason in self.skipped.items()]
        lines += [f"  not in the file: {_shortened(self.missing)}"] if self.missing else []
        lines += [f"  of no use here: {_shortened(self.unused)}"] if self.unused else []
        return "\n".join(lines)

    @property
    def count(self) -> int:
        """How many arrays the network has."""
        return len(self.loaded) + len(self.skipped) + len(self.missing)


def load_weights(network: nn.Module, source: str) -> Loaded:
    """Copy weights into `network` where name and shape fit; `source` as for `read_weights`.

    Names may differ by one of PREFIXES. A first layer made for red, green and blue is summed over them for luma,
    which is what it computes on a grey picture.

    Raises:
        InputCorrupt: not one array fits, so that it is another network's file.
    """
    own = {name: value for name, value in network.state_dict().items() if "num_batches_tracked" not in name}
    given = _renamed(read_weights(source), own)
    report = Loaded(source, unused=[name for name in given if name not in own and "num_batches_tracked" not in name])
    for name, value in own.items():
        if name not in given:
            report.missing.append(name)
            continue
        offered = given[name]
        if offered.shape != value.shape and offered.ndim == 4 and offered[:, :1].shape == value.shape:
            offered = offered.sum(1, keepdim=True)
            report.summed.append(name)
        if offered.shape != value.shape:
            report.skipped[name] = f"is {_shape(offered)}, wanted {_shape(value)}"
            continue
        value.copy_(offered)
        report.loaded.append(name)
    if not report.loaded:
        raise InputCorrupt(source, f"holds no weights of this network, such as {next(iter(own))}")
    return report


def read_weights(source: str) -> dict[str, Tensor]:
    """Return the arrays of a .safetensors or PyTorch file, or of "hf:owner/repository[@revision][:file]".

    PyTorch files are read without running what they may contain; of a checkpoint of our own the averaged weights are
    taken.

    Raises:
        InputMissing: no such file, or the hub or its file cannot be reached from here.
        InputCorrupt, InputUnsupported: it is damaged, or holds something else than weights.
    """
    file = _from_hub(source[3:]) if source.startswith("hf:") else Path(source)
    if not file.is_file():
        raise InputMissing(source, "no such file of weights")
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(file))
        values: Any = torch.load(file, map_location="cpu", weights_only=True)
    except ModuleNotFoundError as error:
        raise OptionError(f"{source}: needs {error.name}: pip install 'mimika[train]'") from error
    except Exception as error:
        raise InputCorrupt(source, f"cannot be read as weights ({str(error).splitlines()[0]})") from error
    values = values.get("state_dict", values) if isinstance(values, dict) else values
    arrays = {name: value for name, value in values.items() if isinstance(value, Tensor)} if values else {}
    averaged = {name: value for name, value in arrays.items() if name.startswith("averaged.module.")}
    if not arrays:
        raise InputUnsupported(source, "holds no named arrays")
    return averaged or arrays


def _from_hub(name: str) -> Path:
    """Fetch one file of a repository of Hugging Face's hub; it is kept in the hub's own cache."""
    match = re.fullmatch(r"([\w.-]+/[\w.-]+|[\w.-]+)(?:@([\w./-]+))?(?::(.+))?", name)
    if match is None:
        raise OptionError(f"start.weights: expected hf:owner/repository[@revision][:file], received 'hf:{name}'")
    repository, revision, file = match.groups()
    try:
        from huggingface_hub import hf_hub_download

        return Path(hf_hub_download(repository, file or "model.safetensors", revision=revision))
    except ModuleNotFoundError as error:
        raise OptionError(f"hf:{name}: needs {error.name}: pip install 'mimika[train]'") from error
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputMissing(f"hf:{name}", f"cannot be fetched from the hub; is there a network? ({reason})") from error


def _renamed(given: dict[str, Tensor], own: dict[str, Tensor]) -> dict[str, Tensor]:
    """Exchange the prefix of the file's names for the one with which most names are ours."""

    def exchanged(theirs: str, ours: str) -> dict[str, Tensor]:
        return {ours + name.removeprefix(theirs): value for name, value in given.items() if name.startswith(theirs)}

    pairs = [(theirs, ours) for theirs in PREFIXES for ours in ("", "model.")]
    return max((exchanged(*pair) for pair in pairs), key=lambda names: len(names.keys() & own.keys()))


def matching(network: nn.Module, prefixes: Iterable[str]) -> list[str]:
    """Return the names of the parameters that begin with one of `prefixes` ("stages.0"), which each must match some.

    Raises:
        OptionError: a prefix that no parameter begins with.
    """
    names, found = [name for name, _ in network.named_parameters()], []
    for prefix in prefixes:
        hits = [name for name in names if name == prefix or name.startswith(prefix + ".")]
        if not hits:
            tops = ", ".join(dict.fromkeys(name.split(".")[0] for name in names))
            raise OptionError(f"start.freeze: {prefix!r} is no part of the network; it begins with {tops}")
        found += hits
    return found


def depths(names: Iterable[str]) -> dict[str, int]:
    """Return the depth of each parameter from the output, 0 for the last block, given the names in order.

    A block is a name up to its second number, "stages.0.layers.1", or to its first where it has but one.
    """
    blocks: dict[str, str] = {}
    for name in names:
        parts, numbers = name.split("."), 0
        for place, part in enumerate(parts):
            numbers += part.isdigit()
            if numbers == 2 or (part.isdigit() and not any(later.isdigit() for later in parts[place + 1 :])):
                parts = parts[: place + 1]
                break
        blocks[name] = ".".join(parts) if numbers else name.rpartition(".")[0]
    order = list(dict.fromkeys(blocks.values()))
    return {name: len(order) - 1 - order.index(block) for name, block in blocks.items()}


def _shape(value: Tensor) -> str:
    return "×".join(map(str, value.shape))


def _shortened(names: list[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
