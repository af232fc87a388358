"""Networks in small whole numbers, and networks that look more than once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from mimika.engine.session import Session
from mimika.training.export import export_network
from mimika.training.networks.expression import LOOKS, ExpressionNetwork, ShippedExpression, averaging, views
from mimika.training.quantize import is_quantized
from mimika.training.rebuild import OUTPUTS, is_whole, rebuilt

SHAPE = {"side": 32, "widths": (16, 24, 32, 48), "blocks": (1, 2, 1, 1)}


@pytest.fixture(scope="module")
def luma() -> np.ndarray:
    """Soft pictures in which a face-like network finds something: sums of a few waves."""
    rng = np.random.default_rng(3)
    grid = np.linspace(0, np.pi, 64)
    waves = np.stack([np.cos(k * grid) for k in range(5)])
    mixed = np.einsum("nij,ia,jb->nab", rng.normal(0, 0.12, (60, 5, 5)), waves, waves)
    return np.clip(0.5 + mixed, 0, 1).astype(np.float32)[:, None]


@pytest.fixture(scope="module")
def files(luma: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One network written twice, as it is and in whole numbers."""
    torch.manual_seed(5)
    network = ExpressionNetwork(**SHAPE)  # type: ignore[arg-type]
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.0)
            torch.nn.init.uniform_(module.bias, -0.1, 0.1)
    whole = ShippedExpression(network, 16, looks=4).eval()
    size = network.descriptor_size
    whole.set_projection(torch.randn(16, size) / 10, torch.rand(size) / 10)
    folder = tmp_path_factory.mktemp("networks")
    for name, sample in (("float", None), ("int8", luma)):
        target = folder / f"{name}.onnx"
        export_network(
            whole, torch.from_numpy(luma[:3]), target, outputs=OUTPUTS, card={"name": name}, sample=sample
        )  # fmt: skip
    return {name: folder / f"{name}.onnx" for name in ("float", "int8")}


def test_whole_numbers_say_the_same_in_half_the_space(files: dict[str, Path], luma: np.ndarray) -> None:
    exact, whole = Session(files["float"]).run(luma), Session(files["int8"]).run(luma)
    for name in OUTPUTS:
        assert np.corrcoef(exact[name].ravel(), whole[name].ravel())[0, 1] > 0.98
    assert not np.array_equal(exact["logits"], whole["logits"])
    assert is_quantized(onnx.load(str(files["int8"])))
    assert not is_whole(files["float"])
    arrays = [sum(t.ByteSize() for t in onnx.load(str(file)).graph.initializer) for file in files.values()]
    assert arrays[1] < 0.75 * arrays[0]


def test_convolutions_of_the_input_may_stay_as_they_are(tmp_path: Path) -> None:
    from mimika.training.appearance import AppearanceNetwork

    torch.manual_seed(1)
    network, halves = AppearanceNetwork().eval(), torch.randn(20, 1, 64, 40)
    kernels = {}
    for first_too in (True, False):
        file = tmp_path / f"{first_too}.onnx"
        card = {"name": "a"}
        export_network(
            network, halves[:2], file, outputs=["appearance"], card=card, sample=halves.numpy(), first_too=first_too
        )
        arrays = onnx.load(str(file)).graph.initializer
        kernels[first_too] = [list(array.dims) for array in arrays if array.data_type == onnx.TensorProto.INT8]
        assert Session(file).run(halves.numpy())["appearance"].shape == (20, 96)
    assert kernels[True].count([16, 1, 5, 5]) == 2
    assert [16, 1, 5, 5] not in kernels[False]
    assert len([dims for dims in kernels[False] if len(dims) == 4]) == 10


def test_a_face_reads_the_same_in_a_mirror(files: dict[str, Path], luma: np.ndarray) -> None:
    for file in files.values():
        session = Session(file)
        straight, mirrored = session.run(luma), session.run(luma[..., ::-1].copy())
        assert np.abs(luma - luma[..., ::-1]).max() > 0.1
        for name in OUTPUTS:
            np.testing.assert_allclose(straight[name], mirrored[name], atol=0.02 if "int8" in file.name else 1e-4)


def test_looks_are_the_crop_moved_by_a_pixel_and_mirrored(luma: np.ndarray) -> None:
    picture, shrink = luma[0, 0], averaging(64, 32).numpy()
    padded = np.pad(picture, 1, mode="edge")
    for count in LOOKS:
        left, right = (matrices.numpy() for matrices in views(64, 32, count))
        wanted = []
        for down, across, mirror in LOOKS[count]:
            whole = padded[:, ::-1] if mirror else padded
            moved = whole[1 + down : 65 + down, 1 + across : 65 + across]
            wanted.append(shrink @ moved @ shrink.T)
        np.testing.assert_allclose(left @ picture @ right, wanted, atol=2e-3)


def test_both_kinds_of_file_can_be_trained_on(files: dict[str, Path], luma: np.ndarray) -> None:
    for file in files.values():
        with torch.no_grad():
            received = rebuilt(file)(torch.from_numpy(luma))
        wanted = Session(file).run(luma)
        for name, value in zip(OUTPUTS, received, strict=True):
            assert np.corrcoef(value.numpy().ravel(), wanted[name].ravel())[0, 1] > 0.98


def test_any_side_has_a_descriptor() -> None:
    """The early maps of a network at 32 px have no side that three divides."""
    for side in (32, 36, 48):
        network = ExpressionNetwork(**(SHAPE | {"side": side})).eval()  # type: ignore[arg-type]
        maps = network.features(torch.rand(2, 1, 64, 64))
        assert network.describe(maps).shape == (2, network.descriptor_size)
