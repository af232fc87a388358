"""Made faces and a made network whose every answer is known: a picture's brightness is its class."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import helper
from PIL import Image

from mimika.data.labels import FER2013, FERPLUS
from tests.networks import write_network

STEP = 30


def grey(name: str, classes: Sequence[str] = FERPLUS, shape: tuple[int, int] = (48, 48)) -> np.ndarray:
    """Return the picture that the network reads as class `name`."""
    return np.full(shape, STEP * (1 + classes.index(name)), np.uint8)


def encoded(picture: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind)
    return buffer.getvalue()


def classifier(folder: Path, classes: Sequence[str] = FERPLUS, words: Sequence[str] | None = None) -> Path:
    """Write a network of the field: 8 x 8 pictures in, a logit for how near the mean grey is to each class's."""
    centres = STEP * (1 + np.arange(len(classes))) / 255
    nodes = [
        helper.make_node("ReduceMean", ["luma"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Gemm", ["mean", "slope", "offset"], ["logits"]),
    ]
    sharp = 2000.0
    constants = {
        "slope": (2 * sharp * centres)[None].astype(np.float32),
        "offset": (-sharp * centres**2).astype(np.float32),
    }
    file = write_network(folder / "grey.onnx", nodes, ["n", 1, 8, 8], {"logits": ["n", len(classes)]}, constants)
    card = file.with_suffix(".toml")
    text = card.read_text("utf-8").replace("labels = []", f"labels = {list(words or classes)}")
    card.write_text(text.replace("[input]", '[input]\ncrop = "tight"'), "utf-8")
    return file


def class_folders(root: Path, counts: dict[str, list[str]], shape: tuple[int, int] = (48, 48)) -> Path:
    """Write `root/FOLDER/0.png`, ...; `counts` gives the class that each picture of a folder looks like."""
    for folder, looks in counts.items():
        (root / folder).mkdir(parents=True)
        for number, look in enumerate(looks):
            (root / folder / f"{number}.png").write_bytes(encoded(grey(look, shape=shape)))
    return root


def kaggle(folder: Path, rows: Sequence[tuple[int, str, str]], votes: Sequence[Sequence[int]] | None = None) -> Path:
    """Write a fer2013.csv of (emotion, look, usage) and, with `votes`, FER+'s file beside it."""
    lines = ["emotion,pixels,Usage"]
    lines += [f"{label},{' '.join(map(str, grey(look, FER2013).ravel()))},{usage}" for label, look, usage in rows]
    file = folder / "fer2013.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    if votes is not None:
        head = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
        told = [f"{row[2]},a.png,{','.join(map(str, given))}" for row, given in zip(rows, votes, strict=True)]
        (folder / "fer2013new.csv").write_text("\n".join([head, *told]) + "\n", "utf-8")
    return file


def table(file: Path, pictures: Sequence[np.ndarray], **columns: list) -> Path:
    """Write a parquet file of pictures in the layout of image data sets."""
    file.parent.mkdir(parents=True, exist_ok=True)
    images = [{"bytes": encoded(picture), "path": f"{i}.png"} for i, picture in enumerate(pictures)]
    pq.write_table(pa.table({"image": images, **columns}), file)
    return file
