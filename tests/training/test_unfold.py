"""Going on from a shipped file: were anything lost in taking it apart again, a course would begin by forgetting."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mimika.data.errors import ModelError
from mimika.training.export import export_network
from mimika.training.networks.expression import ExpressionNetwork, ShippedExpression
from mimika.training.networks.mesh import MeshNetwork, ShippedMesh
from mimika.training.unfold import unfold

CARD = {"name": "x", "version": "1", "architecture": "a", "licence": "l", "input": {"name": "luma"}}


def stirred(network: nn.Module) -> nn.Module:
    """Give normalisations and slopes values that a training could have found."""
    torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)
        elif isinstance(module, nn.PReLU):
            module.weight.data.uniform_(0.05, 0.4)
    return network.eval()


def mesh() -> MeshNetwork:
    return MeshNetwork(96, (4, 8, 8, 16, 16), 24)


def expression() -> ExpressionNetwork:
    return ExpressionNetwork(48, (8, 8, 16, 16), (1, 1, 2, 1))


def shipped(network: nn.Module, target: Path) -> Path:
    if isinstance(network, MeshNetwork):
        export_network(
            ShippedMesh(network), torch.rand(2, 1, 96, 96), target, outputs=["points", "presence"], card=CARD
        )
    else:
        whole = ShippedExpression(network, 8, 2)  # type: ignore[arg-type]
        export_network(whole, torch.rand(2, 1, 64, 64), target, outputs=["a", "b", "c"], card=CARD)
    return target


@pytest.mark.parametrize(("make", "side"), [(mesh, 96), (expression, 64)])
def test_a_network_out_of_its_file_computes_the_same_and_its_norms_see_unit_spread(make, side, tmp_path):
    trained = stirred(make())
    file, luma = shipped(trained, tmp_path / "net.onnx"), torch.rand(64, 1, side, side)
    again = make()
    unfold(again, file, luma)
    assert again.training
    again.eval()
    with torch.no_grad():
        for wanted, found in zip(trained(luma[:8]), again(luma[:8]), strict=True):
            torch.testing.assert_close(found, wanted, rtol=2e-3, atol=2e-3)
    norms = [module for module in again.modules() if isinstance(module, nn.BatchNorm2d)]
    seen: list[Tensor] = []
    handle = norms[2].register_forward_hook(lambda norm, given, out: seen.append(out - norm.bias[:, None, None]))
    with torch.no_grad():
        again(luma)
    handle.remove()
    spread = seen[0].transpose(0, 1).flatten(1).std(1) / norms[2].weight
    torch.testing.assert_close(spread, torch.ones_like(spread), rtol=0.02, atol=0.02)


def test_what_it_learns_then_is_better_and_no_worse(tmp_path):
    trained = stirred(mesh())
    file, luma = shipped(trained, tmp_path / "net.onnx"), torch.rand(32, 1, 96, 96)
    again = mesh()
    unfold(again, file, luma)
    with torch.no_grad():
        wanted = trained(luma)[0] + 1
    optimizer = torch.optim.Adam(again.parameters(), 1e-3)
    losses = []
    for _ in range(12):
        loss = (again(luma)[0] - wanted).abs().mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[0] < 1.5, "it began where it had been"
    assert losses[-1] < losses[0]


def test_another_networks_file_is_refused(tmp_path):
    file = shipped(stirred(mesh()), tmp_path / "net.onnx")
    with pytest.raises(ModelError, match="not the network of this recipe"):
        unfold(expression(), file, torch.rand(4, 1, 64, 64))
    with pytest.raises(ModelError, match="not the network of this recipe"):
        unfold(MeshNetwork(96, (4, 8, 8, 16, 32), 24), file, torch.rand(4, 1, 96, 96))
    with pytest.raises(ModelError, match="no such model file"):
        unfold(mesh(), tmp_path / "missing.onnx", torch.rand(4, 1, 96, 96))
