"""Choose the score that counts as a face, on validation pictures only."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mimika.data.geometry import iou
from mimika.stages.faces.detect import decode, prepare, suppress
from mimika.training.composites import Luma
from mimika.training.detect_data import Material
from mimika.training.networks.detect import DetectNetwork, ShippedDetect
from mimika.training.portraits import portraits

SIDE = 640
FALSE_SHARE = 0.005
"""False boxes a picture that the threshold may let through: half of what is asked for, as the test will differ."""

PORTRAITS = 300

_LOWEST = 0.05


def choose(
    network: DetectNetwork, material: Material, portrait_count: int = PORTRAITS
) -> tuple[float, dict[str, float]]:
    """Return the shift of the logit that puts the threshold at a score of 0.5, and what it was chosen by."""
    shipped = ShippedDetect(network).eval()
    false = [score for picture in material.backgrounds for score in _found(shipped, picture)[1]]
    hits: list[float] = []
    made = portraits(material.faces, material.backgrounds, portrait_count, seed=1)
    for picture, box in made:
        boxes, scores = _found(shipped, picture)
        right = iou(boxes, box[None])[:, 0] >= 0.5 if len(boxes) else np.zeros(0, bool)
        hits.append(float(scores[right].max(initial=0.0)))
        false.extend(scores[~right])
    allowed = int(FALSE_SHARE * (len(made) + len(material.backgrounds)))
    ordered = np.sort(np.array([*false, _LOWEST]))[::-1]
    level = float(np.clip(ordered[min(allowed, len(ordered) - 1)] + 1e-3, 0.05, 0.9))
    recall = float(np.mean(np.array(hits) >= level))
    return float(-np.log(level / (1 - level))), {
        "raw_threshold": level,
        "false_boxes_allowed": allowed,
        "pictures": len(made) + len(material.backgrounds),
        "portrait_recall": recall,
    }


@torch.no_grad()
def _found(shipped: ShippedDetect, luma: Luma) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return the boxes, in pixels of the picture, and the scores."""
    batch, scale = prepare(luma, SIDE)
    scores, shapes = shipped(torch.from_numpy(batch))
    boxes, _, found = decode(scores[0].numpy(), shapes[0].numpy(), batch.shape[2:], _LOWEST)
    kept = suppress(boxes, found)
    return boxes[kept] / np.concatenate([scale, scale]), found[kept]
