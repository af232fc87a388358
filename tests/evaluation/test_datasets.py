"""Whatever way labelled faces are kept, they are read with the right class, and what is wrong with them is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mimika.data.errors import InputCorrupt, InputError, InputMissing, InputUnsupported, OptionError
from mimika.data.labels import FER2013, FERPLUS
from mimika.evaluation.datasets import open_set
from mimika.evaluation.spelling import class_of, read_map
from mimika.evaluation.votes import clean_rows, majority_rows
from tests.evaluation import made

ROWS = [
    (3, "happiness", "Training"),
    (0, "anger", "PublicTest"),
    (6, "neutral", "PrivateTest"),
    (3, "happiness", "PrivateTest"),
    (4, "sadness", "PrivateTest"),
]
VOTES = [
    [0, 9, 0, 0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 10, 0, 0, 0, 0, 0],
    [5, 1, 0, 1, 1, 1, 0, 1, 0, 0],  # by the majority of what is left neutral, but not clean
    [0, 2, 0, 0, 0, 0, 0, 8, 0, 0],
    [0, 1, 0, 2, 0, 0, 0, 0, 7, 0],  # unknown to most
]


def test_kaggle_file_gives_its_test_rows_and_pixels(tmp_path: Path) -> None:
    """The file everybody has from Kaggle works as it is."""
    found = open_set(made.kaggle(tmp_path, ROWS))
    assert found.classes == FER2013
    assert found.crop == "tight"
    assert [found.classes[number] for number in found.truth] == ["neutral", "happiness", "sadness"]
    assert found.votes is None
    np.testing.assert_array_equal(found.picture(1), made.grey("happiness", FER2013))
    assert found.names[0] == "fer2013.csv:4"


def test_the_other_parts_of_the_kaggle_file_are_reached(tmp_path: Path) -> None:
    file = made.kaggle(tmp_path, ROWS)
    assert [len(open_set(file, split=split)) for split in ("train", "validation", "test", "all")] == [1, 1, 3, 5]
    assert len(open_set(tmp_path)) == 3, "the folder of the file will do"


def test_votes_beside_the_kaggle_file_give_both_rules_of_ferplus(tmp_path: Path) -> None:
    """FER+ results can be compared with papers, which count by another rule than we do."""
    found = open_set(made.kaggle(tmp_path, ROWS, VOTES), labels="ferplus")
    assert found.classes == FERPLUS
    assert [FERPLUS[t] if t >= 0 else None for t in found.truth] == [None, "contempt"]
    assert [FERPLUS[t] for t in found.other_truths["ferplus-majority"]] == ["neutral", "contempt"]
    turned = open_set(tmp_path / "fer2013.csv", labels="ferplus-majority")
    assert [FERPLUS[t] for t in turned.truth] == ["neutral", "contempt"]
    assert list(turned.other_truths) == ["ferplus"]
    assert found.votes is not None
    assert found.votes[1].tolist() == VOTES[3]


def test_rules_of_ferplus() -> None:
    """Each rule draws its line where its definition says, not one vote beside it."""
    votes = np.zeros((6, 10), np.int64)
    votes[0, :2] = 5, 5  # a tie
    votes[1, :2] = 6, 4
    votes[2, :2] = 5, 3  # five is not above five, but more than half
    votes[3, 8] = 9  # unknown
    votes[4, :3] = 4, 3, 2  # four of nine is no majority
    votes[5, :] = 1  # nothing left once single votes are dropped
    assert clean_rows(votes).tolist() == [False, True, False, False, False, False]
    assert majority_rows(votes).tolist() == [False, True, True, False, False, False]


def test_votes_of_other_rows_are_refused(tmp_path: Path) -> None:
    """Votes shifted by a row would make every label wrong without a word."""
    made.kaggle(tmp_path, ROWS, VOTES)
    lines = (tmp_path / "fer2013new.csv").read_text("utf-8").splitlines()
    (tmp_path / "fer2013new.csv").write_text("\n".join(lines[:-1]) + "\n", "utf-8")
    with pytest.raises(InputCorrupt, match=r"has 4 rows where fer2013\.csv has 5"):
        open_set(tmp_path / "fer2013.csv", labels="ferplus")


def test_votes_that_are_not_there_are_missed(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"needs the votes of FER\+"):
        open_set(made.kaggle(tmp_path, ROWS), labels="ferplus")


def test_a_damaged_row_of_pixels_is_named_when_it_is_read(tmp_path: Path) -> None:
    file = made.kaggle(tmp_path, ROWS)
    file.write_text(file.read_text("utf-8") + "2,1 2 3,PrivateTest\n", "utf-8")
    found = open_set(file)
    assert found.picture(0).shape == (48, 48)
    with pytest.raises(InputCorrupt, match=r"fer2013\.csv:7: has 3 pixels where 2304"):
        found.picture(3)


def test_another_csv_file_is_told_from_fer2013(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("file,label\na.jpg,3\n", "utf-8")
    with pytest.raises(InputUnsupported, match="no column emotion and no column pixels"):
        open_set(tmp_path / "list.csv")


def test_parquet_layout_of_fer2013(tmp_path: Path) -> None:
    """The layout of the shared data opens by its folder and by the folder above."""
    pictures = [made.grey(look, FER2013) for _, look, _ in ROWS[2:]]
    labels = [6, -1, 4]
    made.table(tmp_path / "fer2013" / "test-00000-of-00001.parquet", pictures, label=labels, votes=VOTES[2:])
    made.table(tmp_path / "fer2013" / "train-00000-of-00001.parquet", pictures[:1], label=[6], votes=VOTES[:1])
    for place in (tmp_path, tmp_path / "fer2013"):
        found = open_set(place)
        assert [found.classes[t] for t in found.truth] == ["neutral", "sadness"], "rows without a label do not count"
    np.testing.assert_array_equal(found.picture(1), pictures[2])
    assert len(open_set(tmp_path, split="train")) == 1
    assert len(open_set(tmp_path, labels="ferplus")) == 2
    with pytest.raises(OptionError, match="--split validation is not there, only test, train"):
        open_set(tmp_path, split="validation")


def test_any_table_with_images_and_words(tmp_path: Path) -> None:
    """A set kept as parquet with its own words and persons can be used at once."""
    pictures = [made.grey("neutral"), made.grey("happiness"), made.grey("fear")]
    file = made.table(tmp_path / "lab.parquet", pictures, label=["neutral", "smiling", ""], person=["a", "a", "b"])
    found = open_set(file)
    assert found.classes == ("neutral", "happiness")
    assert found.truth.tolist() == [0, 1]
    assert found.persons == ("a", "a")
    assert found.crop is None
    with pytest.raises(OptionError, match="--labels is for FER-2013"):
        open_set(file, labels="ferplus")


def test_class_folders_in_usual_spellings(tmp_path: Path) -> None:
    """A folder from anywhere works without renaming its folders."""
    root = made.class_folders(tmp_path / "set", {"Angry": ["anger"], "02_joy": ["happiness"] * 2, "SCARED": ["fear"]})
    (root / ".cache").mkdir()
    found = open_set(root)
    assert found.classes == ("happiness", "anger", "fear")
    assert sorted(found.classes[t] for t in found.truth) == ["anger", "fear", "happiness", "happiness"]
    row = found.names.index(str(Path("SCARED") / "0.png"))
    np.testing.assert_array_equal(found.picture(row), made.grey("fear"))
    assert found.classes[found.truth[row]] == "fear"


def test_class_folders_below_split_folders(tmp_path: Path) -> None:
    """Sets that come divided are not mixed: test is test."""
    made.class_folders(tmp_path / "train", {"happy": ["happiness"] * 3})
    made.class_folders(tmp_path / "test", {"happy": ["happiness"], "sad": ["sadness"]})
    assert [len(open_set(tmp_path, split=split)) for split in ("train", "test", "all")] == [3, 2, 5]
    with pytest.raises(OptionError, match="--split validation is not there, only test, train"):
        open_set(tmp_path, split="validation")


def test_folders_between_class_and_picture_are_persons(tmp_path: Path) -> None:
    for person in ("ann", "bob"):
        (tmp_path / "sad" / person).mkdir(parents=True)
        (tmp_path / "sad" / person / "1.png").write_bytes(made.encoded(made.grey("sadness")))
    assert open_set(tmp_path).persons == ("ann", "bob")


def test_an_unknown_class_folder_is_named_and_a_map_explains_it(tmp_path: Path) -> None:
    """A folder is never silently left out, nor scored as something else."""
    root = made.class_folders(tmp_path / "set", {"happy": ["happiness"], "anxious": ["fear"], "bored": ["neutral"]})
    with pytest.raises(OptionError, match="no class is called anxious, bored; name them in a --map file"):
        open_set(root)
    file = tmp_path / "map.toml"
    file.write_text('Anxious = "fear"\nbored = ""\n', "utf-8")
    found = open_set(root, class_map=read_map(file))
    assert found.classes == ("happiness", "fear")
    assert found.origin["left_out"] == {"bored": 1}


def test_a_map_to_a_class_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_text('anxious = "worry"\n', "utf-8")
    with pytest.raises(OptionError, match="'anxious' must be one of neutral"):
        read_map(file)


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="no such file or folder"):
        open_set(tmp_path / "nowhere")
    with pytest.raises(InputMissing, match="holds no class folders"):
        open_set(tmp_path)
    (tmp_path / "happy").mkdir()
    with pytest.raises(InputMissing, match="the class folders hold no picture"):
        open_set(tmp_path)
    with pytest.raises(OptionError, match="--split: expected one of train"):
        open_set(tmp_path, split="tset")


def test_a_corrupt_picture_is_in_the_set_and_raises_when_read(tmp_path: Path) -> None:
    """Damage is found and counted when the picture is wanted; it does not keep the set from opening."""
    root = made.class_folders(tmp_path / "set", {"happy": ["happiness"]})
    (root / "happy" / "1.png").write_bytes((root / "happy" / "0.png").read_bytes()[:60])
    found = open_set(root)
    assert len(found) == 2
    with pytest.raises(InputError, match=r"1\.png"):
        found.picture(1)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("angry", "anger"), ("Happy", "happiness"), ("joy", "happiness"), ("SMILING", "happiness"), ("sad", "sadness"),
        ("surprised", "surprise"), ("scared", "fear"), ("afraid", "fear"), ("disgusted", "disgust"),
        ("calm", "neutral"), ("05-contempt", "contempt"), ("bored", None), ("", None),
    ],
)  # fmt: skip
def test_spellings(word: str, name: str | None) -> None:
    assert class_of(word) == name


def test_the_shared_fer2013_has_the_rows_that_papers_count(shared_data: Path) -> None:
    """The test split has the sizes that published figures stand on."""
    clean = open_set(shared_data, labels="ferplus")
    assert (clean.truth >= 0).sum() == 2729
    assert len(open_set(shared_data)) == 3574
