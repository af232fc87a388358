"""Weights to begin with: what fits is loaded, what does not is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from mimika.data.errors import InputCorrupt, InputMissing, InputUnsupported, OptionError
from mimika.training.pretrained import depths, load_weights, matching, read_weights


def network(inputs: int = 1, classes: int = 7) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, classes))


def test_colours_are_summed_and_another_head_is_skipped(tmp_path: Path) -> None:
    colour, ours = network(3, 1000), network()
    head = ours[3].weight.clone()
    save_file({f"module.{name}": value for name, value in colour.state_dict().items()}, tmp_path / "a.safetensors")
    report = load_weights(ours, str(tmp_path / "a.safetensors"))
    torch.testing.assert_close(ours[0].weight, colour[0].weight.sum(1, keepdim=True))
    torch.testing.assert_close(ours[0].bias, colour[0].bias)
    assert torch.equal(ours[3].weight, head)
    assert report.summed == ["0.weight"]
    assert report.skipped == {"3.weight": "is 1000×16, wanted 7×16", "3.bias": "is 1000, wanted 7"}
    assert "6 of 8 arrays loaded" in str(report)
    grey = torch.rand(2, 1, 6, 6)
    torch.testing.assert_close(ours[0](grey), colour[0](grey.expand(2, 3, 6, 6)))


def test_our_own_checkpoints_give_their_averages(tmp_path: Path) -> None:
    one, two = network(), network()
    names = {f"network.{k}": v for k, v in one.state_dict().items()}
    names |= {f"averaged.module.{k}": v for k, v in two.state_dict().items()}
    torch.save({"state_dict": names, "epoch": 3}, tmp_path / "last.ckpt")
    ours = network()
    assert not load_weights(ours, str(tmp_path / "last.ckpt")).missing
    assert torch.equal(ours[3].weight, two[3].weight)


def test_wrong_files_are_told(tmp_path: Path) -> None:
    torch.save({"other.weight": torch.ones(3)}, tmp_path / "other.pt")
    with pytest.raises(InputCorrupt, match=r"other\.pt: holds no weights of this network"):
        load_weights(network(), str(tmp_path / "other.pt"))
    (tmp_path / "text.pt").write_text("no weights", "utf-8")
    with pytest.raises(InputCorrupt, match=r"text\.pt: cannot be read as weights"):
        read_weights(str(tmp_path / "text.pt"))
    torch.save({"epoch": 3}, tmp_path / "empty.pt")
    with pytest.raises(InputUnsupported, match="no named arrays"):
        read_weights(str(tmp_path / "empty.pt"))
    with pytest.raises(InputMissing, match="no such file of weights"):
        read_weights(str(tmp_path / "none.pt"))


def test_a_file_that_would_run_code_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"state_dict": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(InputCorrupt, match=r"trap\.pt"):
        read_weights(str(tmp_path / "trap.pt"))
    assert not (tmp_path / "ran").exists()


def test_without_a_network_the_hub_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputMissing, match="hf:someone/something: cannot be fetched from the hub; is there a network"):
        read_weights("hf:someone/something")
    with pytest.raises(OptionError, match=r"start\.weights"):
        read_weights("hf:a b")


def test_parts_are_found_by_the_beginning_of_their_names() -> None:
    assert matching(network(), ["0", "3.bias"]) == ["0.weight", "0.bias", "3.bias"]
    with pytest.raises(OptionError, match=r"'stages\.0' is no part"):
        matching(network(), ["stages.0"])


def test_depth_counts_blocks_from_the_output() -> None:
    names = ["stem.weight", "stages.0.layers.0.a", "stages.0.layers.1.a", "stages.1.layers.0.a.0.b", "head.weight"]
    assert list(depths(names).values()) == [4, 3, 2, 1, 0]
    assert depths(["model.layer.0.q", "model.layer.0.k", "model.layer.1.q"])["model.layer.0.k"] == 1
