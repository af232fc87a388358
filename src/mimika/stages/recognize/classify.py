"""The expression of every face of a frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import ModelError
from mimika.data.expressions import Expressions
from mimika.data.geometry import Floats
from mimika.data.labels import FERPLUS
from mimika.data.options import Options
from mimika.engine.registry import open_session
from mimika.stages.faces.align import EXPRESSION_CROP
from mimika.stages.faces.crops import crop_batch
from mimika.stages.recognize.calibrate import UNSURE_LEVEL, Calibration
from mimika.stages.recognize.prior import reweighted, wanted_shares


class Classifier:
    """The expression network: aligned crops in, calibrated probabilities and an embedding a face out.

    `options.model` names the network. Its card gives the labels in the order of its logits, a permutation or a part of
    `labels.FERPLUS`, and under `settings` the `temperature` and `bias` that calibrate them, the `prior`, which
    `options.prior` may replace, `unsure_below`, and the `embedding_threshold`, which is `same_look` here: the cosine
    above which two embeddings are probably of one person.

    Raises:
        ModelError: if the network or its card cannot be used.
        OptionError: if `options.prior` names a file that cannot be used.
    """

    def __init__(self, options: Options) -> None:
        card, self._session = open_session(options.model, options.threads)
        labels = card.labels or FERPLUS
        unknown = [label for label in labels if label not in FERPLUS]
        if unknown or len(set(labels)) < len(labels):
            wanted = ", ".join(FERPLUS)
            raise ModelError(f"{card.path}: labels on the card must be of {wanted}, each once, not {', '.join(labels)}")
        self._columns = [FERPLUS.index(label) for label in labels]
        self._calibration = Calibration.of(card, len(labels))
        self._wanted = wanted_shares(options.prior, labels)
        if self._wanted is not None and self._calibration.prior is None:
            raise ModelError(f"{card.path}: its card has no settings.prior, which another prior than data needs")
        limit = card.setting("unsure_below", 1 - UNSURE_LEVEL)
        self._unsure_below = limit if options.unsure_below is None else options.unsure_below
        self.same_look = card.setting("embedding_threshold", 0.3)
        self._mirror = options.mirror

    def classify(
        self, luma: NDArray[np.uint8], matrices: Floats, crops: NDArray[np.float32] | None = None
    ) -> Expressions:
        """Recognise all faces of a frame in one run.

        `luma` (height, width) picture; `matrices` (n, 2, 3) take picture to `EXPRESSION_CROP`; `crops` (n, 1, side,
        side) are what they cut, from `crop_batch`, where somebody cut them already.
        """
        n = len(matrices)
        if not n:
            return Expressions.empty()
        batch = crop_batch(luma, matrices, EXPRESSION_CROP) if crops is None else crops
        if self._mirror:
            batch = np.concatenate([batch, batch[..., ::-1]])
        outputs = self._session.run(batch)
        known = self._calibration.probabilities(outputs["logits"]).reshape(-1, n, len(self._columns)).mean(axis=0)
        if self._wanted is not None and self._calibration.prior is not None:
            known = reweighted(known, self._calibration.prior, self._wanted)
        probabilities = np.zeros((n, len(FERPLUS)), np.float32)
        probabilities[:, self._columns] = known
        looks = outputs["embedding"].reshape(batch.shape[0] // n, n, -1).mean(axis=0)
        looks /= np.maximum(np.linalg.norm(looks, axis=1, keepdims=True), 1e-9)
        return Expressions(probabilities, looks, self._unsure_below)
