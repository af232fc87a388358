"""The augmentations do what their names say, and a recipe's mistakes are told before the training."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mimika.cli.app import app
from mimika.data.errors import InputCorrupt, InputMissing, OptionError
from mimika.training.augmentations import CHANGES, LUMA_ONLY, MOVES, Augmenter, warped
from mimika.training.sheet import draw_sheet, example_picture

EIGHTEEN = {
    "mirror", "rotation", "shift", "zoom", "shear", "perspective", "elastic", "brightness", "contrast", "gamma",
    "saturation", "clahe", "noise", "blur", "motion_blur", "jpeg", "downscale", "erasing",
}  # fmt: skip


def drawn(side: int = 48) -> np.ndarray:
    """A dark disc to the upper left on grey, with a bright bar below."""
    picture = np.full((side, side), 128, np.uint8)
    cv2.circle(picture, (side // 3, side // 3), side // 8, 20, -1)
    cv2.rectangle(picture, (side // 3, 3 * side // 4), (2 * side // 3, 4 * side // 5), 240, -1)
    return picture


def dark_centre(picture: np.ndarray) -> np.ndarray:
    return np.argwhere(picture < 70).mean(0)[::-1]


def test_the_eighteen_are_there() -> None:
    assert set(MOVES) | set(CHANGES) >= EIGHTEEN


@pytest.mark.parametrize("name", [*MOVES, *CHANGES])
def test_each_changes_the_picture_and_keeps_its_kind(name: str) -> None:
    colours = [drawn(), np.dstack([drawn(), 255 - drawn(), drawn() // 2])]
    for picture in colours:
        if (name == "saturation" and picture.ndim == 2) or (name in LUMA_ONLY and picture.ndim == 3):
            continue
        before = picture.copy()
        changed = Augmenter({name: 1.0})(picture, np.random.default_rng(3))
        assert changed.shape == picture.shape
        assert changed.dtype == np.uint8
        assert (changed != picture).any()
        np.testing.assert_array_equal(picture, before, "the picture that was given stays as it was")


def test_moves_go_where_they_say() -> None:
    picture, centre = drawn(), np.full(2, 23.5)
    place = dark_centre(picture)
    mirrored = Augmenter({"mirror": 1.0})(picture, np.random.default_rng(0))
    np.testing.assert_array_equal(mirrored, picture[:, ::-1])
    turned = warped(picture, MOVES["rotation"](_Highest(), degrees=10))
    cos, sin = np.cos(np.radians(10)), np.sin(np.radians(10))
    wanted = np.array([[cos, -sin], [sin, cos]]) @ (place - centre) + centre
    np.testing.assert_allclose(dark_centre(turned), wanted, atol=0.3)
    moved = warped(picture, MOVES["shift"](_Highest(), share=0.125))
    np.testing.assert_allclose(dark_centre(moved), place + 6, atol=0.1)
    zoomed = warped(picture, MOVES["zoom"](_Highest(), share=0.2))
    np.testing.assert_allclose(dark_centre(zoomed), (place - centre) * 1.2 + centre, atol=0.3)


class _Highest(np.random.Generator):
    """Draws the upper end of every range."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def uniform(self, low: float = 0.0, high: float = 1.0, size: object = None) -> object:
        return high if size is None else np.full(size, high)  # type: ignore[call-overload]


def test_light_goes_where_it_says() -> None:
    picture, rng = drawn(), _Highest()
    assert CHANGES["brightness"](picture, rng, share=0.2).mean() > picture.mean() + 35
    flat = picture // 2 + 50
    assert CHANGES["contrast"](flat, rng, share=0.4).std() == pytest.approx(1.4 * flat.std(), rel=0.02)
    assert CHANGES["gamma"](picture, rng, most=2.0)[0, 0] == round(255 * (128 / 255) ** 2)
    colour = np.dstack([drawn(), 255 - drawn(), drawn() // 2])
    luma = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY).astype(int)
    grey = cv2.cvtColor(CHANGES["saturation"](colour, rng, share=0.3), cv2.COLOR_RGB2GRAY)
    middle = (colour > 60).all(2) & (colour < 200).all(2)
    assert abs(grey.astype(int) - luma)[middle].max() <= 2, "saturation leaves the luma"


def test_erasing_covers_the_share_it_is_told() -> None:
    picture = np.full((60, 60), 77, np.uint8)
    shares = [
        (CHANGES["erasing"](picture, np.random.default_rng(seed), smallest=0.1, largest=0.2) != 77).mean()
        for seed in range(40)
    ]
    assert min(shares) > 0.08
    assert max(shares) < 0.22


def test_chances_are_kept() -> None:
    picture, rng = drawn(), np.random.default_rng(0)
    flip = Augmenter({"mirror": 0.25})
    share = np.mean([(flip(picture, rng) != picture).any() for _ in range(400)])
    assert 0.18 < share < 0.32
    assert (Augmenter({})(picture, rng) == picture).all()


@pytest.mark.parametrize(("options", "text"), [
    ({"mirrored": 0.5}, "mirrored"), ({"mirror": 1.5}, r"augment\.mirror.*1\.5"),
    ({"rotation": {"chance": 1.0, "degree": 3}}, r"augment\.rotation.*degree"), ({"blur": "yes"}, r"augment\.blur"),
])  # fmt: skip
def test_mistakes_are_told(options: dict[str, object], text: str) -> None:
    with pytest.raises(OptionError, match=text):
        Augmenter(options)


def test_luma_says_that_it_has_no_colour() -> None:
    with pytest.raises(OptionError, match=r"augment\.saturation: the pictures are luma"):
        Augmenter({"saturation": 0.3}, colour=False)


def test_the_sheet_shows_each(tmp_path: Path) -> None:
    assert draw_sheet(drawn(), tmp_path / "new" / "sheet.png") == len(MOVES) + len(CHANGES)
    with Image.open(tmp_path / "new" / "sheet.png") as sheet:
        assert sheet.width > sheet.height > 800


def test_the_command_draws_a_recipe_on_a_users_picture(tmp_path: Path) -> None:
    Image.fromarray(drawn(64)).save(tmp_path / "me.png")
    recipe = tmp_path / "r.toml"
    recipe.write_text('name = "n"\ntask = "classify"\nseed = 1\n[augment]\nmirror = 0.5\nblur = 0.1\n', "utf-8")
    out = tmp_path / "sheet.png"
    call = ["train", str(recipe), "--show-augmentations", "--data", str(tmp_path / "me.png"), "--out", str(out)]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 0, result.output
    assert "2 augmentations" in result.output
    assert out.exists()


def test_pictures_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="nothing"):
        example_picture(tmp_path / "nothing")
    (tmp_path / "text.png").write_text("no picture", "utf-8")
    with pytest.raises(InputCorrupt, match=r"text\.png"):
        example_picture(tmp_path / "text.png")
    Image.fromarray(np.dstack([drawn()] * 3)).save(tmp_path / "grey.png")
    assert example_picture(tmp_path / "grey.png").ndim == 2
