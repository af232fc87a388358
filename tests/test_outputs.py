"""A user would not find the files of other tools where they belong, or lose them for a photo among the videos."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mimika.data.errors import InputUnsupported, OptionError
from mimika.outputs import SAVE, Outputs
from mimika.stages.write import EXPORTS
from tests import media
from tests.test_jobs import meta, run


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return media.video(tmp_path / "clip.mp4", media.steady(12))


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    return [media.photo(tmp_path / f"{name}.png") for name in "ab"]


def test_a_video_gets_every_format_and_the_sidecar_names_them(tmp_path: Path, clip: Path) -> None:
    (result,) = run([clip], tmp_path / "out", "table", *EXPORTS)
    assert (result.status, result.error) == ("complete", None)
    wanted = {"clip.csv", "clip.csv.meta.json", *(f"clip{suffix}" for suffix in EXPORTS.values())}
    assert {path.name for path in (tmp_path / "out").iterdir()} == wanted == {path.name for path in result.paths}
    assert meta(tmp_path / "out" / "clip.csv")["outputs"] == {
        "table": "clip.csv",
        **{name: f"clip{suffix}" for name, suffix in EXPORTS.items()},
    }


def test_a_format_alone_has_the_sidecar_beside_it(tmp_path: Path, clip: Path) -> None:
    (result,) = run([clip], tmp_path / "out", "srt")
    assert [path.name for path in result.paths] == ["clip.srt", "clip.srt.meta.json"]
    assert meta(tmp_path / "out" / "clip.srt")["status"] == "complete"


def test_photos_share_a_table_for_py_feat_and_have_an_openface_file_each(tmp_path: Path, photos: list[Path]) -> None:
    out = tmp_path / "out"
    results = run(photos, out, "feat", "openface", "report")
    assert [result.status for result in results] == ["complete", "complete"]
    names = {"photos-feat.csv", "photos-feat.csv.meta.json", "a-openface.csv", "b-openface.csv"}
    assert {path.name for path in out.iterdir()} == names
    with (out / "photos-feat.csv").open(newline="") as file:
        assert [Path(row["input"]).name for row in csv.DictReader(file)] == ["a.png", "b.png"]
    assert meta(out / "photos-feat.csv")["counts"]["frames"] == 2


def test_a_photo_of_which_only_what_happens_over_time_is_wanted_is_told_and_the_video_goes_on(
    tmp_path: Path, clip: Path, photos: list[Path]
) -> None:
    photo, video = run([photos[0], clip], tmp_path / "out", "elan", "boris")
    assert isinstance(photo.error, InputUnsupported)
    assert "boris, elan can be made of recordings only" in str(photo.error)
    assert video.status == "complete"


def test_unknown_choices_are_refused_with_all_known_ones(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="facereader") as caught:
        Outputs(tmp_path, frozenset({"noldus"}))
    assert all(name in str(caught.value) for name in SAVE)
