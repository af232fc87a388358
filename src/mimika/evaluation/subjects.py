"""What is measured: anything that turns face pictures into class probabilities."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data._check import same_length, shaped
from mimika.data.errors import ModelError
from mimika.data.frame import Frame
from mimika.data.labels import FER2013, FERPLUS
from mimika.data.options import Options
from mimika.engine.card import Card
from mimika.engine.registry import open_session
from mimika.evaluation.crops import Aligner, tight_view
from mimika.evaluation.spelling import class_of
from mimika.pipeline import Pipeline
from mimika.stages.faces.align import CropSpec, crop, matrices_from_meshes
from mimika.stages.recognize.calibrate import Calibration
from mimika.stages.recognize.prior import reweighted, wanted_shares

Luma = NDArray[np.uint8]
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model says of n pictures.

    `probabilities` (n, k) in the order of its classes; a row of zeros is a picture it gave no answer for. `found`
    (n,) whether a face was seen; `ms` (n,) milliseconds from picture to answer, a batch shared out evenly.

    Raises:
        ShapeError: if a shape is wrong or the lengths differ.
    """

    probabilities: NDArray[np.float32]
    found: NDArray[np.bool_]
    ms: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "probabilities", shaped("probabilities", self.probabilities, (None, None), np.float32))
        object.__setattr__(self, "found", shaped("found", self.found, (None,), np.bool_))
        object.__setattr__(self, "ms", shaped("ms", self.ms, (None,), np.float64))
        same_length(probabilities=self.probabilities, found=self.found, ms=self.ms)

    @classmethod
    def join(cls, parts: Sequence[Predictions]) -> Predictions:
        """Put batches after one another."""
        return cls(
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate([part.found for part in parts]),
            np.concatenate([part.ms for part in parts]),
        )


class Subject(Protocol):
    """A model under test."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Its classes, of `labels.FERPLUS`, in the order of its probabilities."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return name, sha256, parameters, macs and bytes, None where they are not known; perhaps more."""
        ...

    def predict(self, pictures: Sequence[Luma], tight: Sequence[bool]) -> Predictions:
        """Answer for (height, width) uint8 pictures, each a face cut out or a whole photo."""
        ...


def open_subject(
    name: str | Path, classes: Sequence[str] = FERPLUS, *, threads: int = 1, prior: str = "data"
) -> Subject:
    """Open a shipped network, an .onnx file with its card, or a peer, to be asked about data with these classes.

    Raises:
        ModelError: if it cannot be used.
        OptionError: if `prior` is not "data", "uniform" or a file that can be used.
    """
    from mimika.evaluation.peers import PEERS, PeerSubject

    if str(name) in PEERS:
        return PeerSubject(str(name))
    return OnnxSubject(name, classes, threads=threads, prior=prior)


class OnnxSubject:
    """An expression network in an ONNX file with a card: ours, or one of the field.

    A network of ours cuts its own aligned crop: tight pictures are aligned by the mesh network, whole photos go
    through the pipeline, the largest face counts. One whose card says `input.crop = "tight"` is given the picture
    itself, resized; of a whole photo, the upright square around the largest face that tight pictures show.

    Where `classes`, those of the data, are the seven of FER-2013, a network with a head for them (`logits7`,
    `temperature7` and so on on the card) answers with it; otherwise its `logits` do. `prior` is as in
    `data.options.Options`.

    Raises:
        ModelError: if the network or its card cannot be used.
        OptionError: if `prior` names a file that cannot be used.
    """

    def __init__(
        self, name: str | Path, classes: Sequence[str] = FERPLUS, *, threads: int = 1, prior: str = "data"
    ) -> None:
        self.card, self._session = open_session(name, threads)
        self._output, self.classes = _head(self.card, self._session.output_names, classes)
        self._calibration = Calibration.of(self.card, len(self.classes), "7" if self._output == "logits7" else "")
        self._wanted = wanted_shares(prior, self.classes)
        if self._wanted is not None and self._calibration.prior is None:
            raise ModelError(f"{self.card.path}: its card has no settings.prior, which another prior than data needs")
        self._shape = _shape(self.card, self._session.input_shape)
        self._range = tuple(float(end) for end in self.card.input.get("range", (0, 1)))
        self._plain = self.card.input.get("crop", "aligned") == "tight"
        self._spec = CropSpec(self._shape[1], float(self.card.input.get("span", 3.0)))
        self._aligner = Aligner(self._spec, threads)
        # The pipeline would classify with the network under test, twice; it is needed for the face's place alone.
        self._options = Options(threads=threads, faces_max=1)
        self._pipeline: Pipeline | None = None

    @property
    def name(self) -> str:
        """The network's name on its card."""
        return self.card.name

    def describe(self) -> dict[str, Any]:
        """Return what the card says of the network."""
        card = self.card
        return {
            "name": card.name,
            "sha256": card.sha256,
            "parameters": card.parameters or None,
            "macs": card.macs or None,
            "bytes": card.bytes or None,
            "output": self._output,
            "crop": "tight" if self._plain else "aligned",
        }

    def predict(self, pictures: Sequence[Luma], tight: Sequence[bool]) -> Predictions:
        """Answer for (height, width) uint8 pictures, each a face cut out or a whole photo."""
        n = len(pictures)
        probabilities, found, ms = np.zeros((n, len(self.classes)), np.float32), np.zeros(n, np.bool_), np.zeros(n)
        for start in range(0, n, _BATCH):
            rows, crops = [], []
            began = time.perf_counter()
            stop = min(start + _BATCH, n)
            for row in range(start, stop):
                cut, found[row] = self._cut(pictures[row], bool(tight[row]))
                if cut is not None:
                    rows.append(row)
                    crops.append(cut)
            if rows:
                probabilities[rows] = self._answer(np.stack(crops))
            ms[start:stop] = 1000 * (time.perf_counter() - began) / (stop - start)
        return Predictions(probabilities, found, ms)

    def _cut(self, picture: Luma, tight: bool) -> tuple[Luma | None, bool]:
        """Return what the network is to see of a picture, None where no face is found, and whether one is."""
        if tight and self._plain:
            return self._resized(picture), True
        if tight:
            seen = self._aligner.align(picture)
            return crop(picture, seen.matrix, self._spec), seen.found
        if self._pipeline is None:
            self._pipeline = Pipeline(self._options)
        meshes = self._pipeline.process_photo(Frame(picture)).measurements.meshes
        if not len(meshes):
            return None, False
        if self._plain:
            return self._resized(tight_view(picture, meshes[0], max(self._shape[1:]))), True
        return crop(picture, matrices_from_meshes(meshes[:1], self._spec)[0], self._spec), True

    def _resized(self, picture: Luma) -> Luma:
        height, width = self._shape[1:]
        way = cv2.INTER_AREA if picture.shape[0] > height else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(picture, (width, height), interpolation=way), np.uint8)

    def _answer(self, crops: Luma) -> NDArray[np.float32]:
        low, high = self._range
        batch = crops[:, None].astype(np.float32) * np.float32((high - low) / 255) + np.float32(low)
        output = self._session.run(np.repeat(batch, self._shape[0], axis=1))[self._output]
        known = output if self._output == "probabilities" else self._calibration.probabilities(output)
        if self._wanted is None or self._calibration.prior is None:
            return np.asarray(known, np.float32)
        return reweighted(known, self._calibration.prior, self._wanted)


def _head(card: Card, outputs: Sequence[str], classes: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the output that answers for data with these classes, and its own classes."""
    if "logits7" in outputs and set(classes) == set(FER2013):
        return "logits7", FER2013
    known = [class_of(label) for label in card.labels]
    labels = tuple(label for label in known if label)
    if len(labels) != len(known) or len(set(labels)) != len(labels):
        raise ModelError(
            f"{card.path}: labels on the card must be expressions, each once, not {', '.join(card.labels)}"
        )
    if not labels:
        raise ModelError(f"{card.path}: the card names no labels, so this is no expression network")
    output = next((name for name in ("logits", "probabilities") if name in outputs), outputs[0])
    return output, labels


def _shape(card: Card, given: Sequence[int | None]) -> tuple[int, int, int]:
    """Return channels, height and width of the network's input, from its file or else its card."""
    told = card.input.get("shape", ())
    told = [size if isinstance(size, int) and size > 0 else None for size in told]
    sizes = [own or (told[axis] if axis < len(told) else None) for axis, own in enumerate(given)]
    if len(sizes) != 4 or None in sizes[1:]:
        raise ModelError(f"{card.path}: expected an input of n, channels, height, width, received {list(given)}")
    return int(sizes[1] or 0), int(sizes[2] or 0), int(sizes[3] or 0)
