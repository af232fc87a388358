"""Where the expressions lie between pleasant and unpleasant, roused and calm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mimika.data.geometry import Floats
from mimika.data.labels import FERPLUS

PLACES: dict[str, tuple[float, float]] = {
    "neutral": (0.0, 0.0),
    "happiness": (0.81, 0.51),
    "surprise": (0.40, 0.67),
    "sadness": (-0.63, -0.27),
    "anger": (-0.51, 0.59),
    "disgust": (-0.60, 0.35),
    "fear": (-0.64, 0.60),
    "contempt": (-0.555, 0.47),
}
"""Valence and arousal of each expression, -1..1.

Source: the mean ratings of pleasure and arousal of the words happy, surprised, sad, angry, disgusted and fearful in
Russell & Mehrabian, "Evidence for a three-factor theory of emotions", Journal of Research in Personality 11, 1977. Two
are our own choice: neutral is the origin, and contempt, for which we have no rating of theirs, lies halfway between
anger and disgust, with which Izard, "Human emotions", 1977, groups it as the hostility triad.
"""

_PLACES = np.array([PLACES[name] for name in FERPLUS], np.float32)


def valence_arousal(probabilities: Floats) -> NDArray[np.float32]:
    """Return the (n, 2) valence and arousal, -1..1, that (n, 8) probabilities lead one to expect.

    It is the mean place of the expressions, weighed by their probabilities in the order of `labels.FERPLUS`: a summary
    of the eight that holds nothing they do not, and no measurement of its own.
    """
    return np.asarray(probabilities, np.float32).reshape(-1, len(FERPLUS)) @ _PLACES
