"""Following faces through a video.

The mesh of one frame gives the crop of the next; the detector looks again at times.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mimika.data.faces import Faces
from mimika.data.frame import Frame
from mimika.data.geometry import iou
from mimika.data.options import Options
from mimika.stages.faces.align import MESH_CROP, matrices_from_meshes
from mimika.stages.faces.cuts import CutDetector
from mimika.stages.faces.overlap import same_face
from mimika.stages.faces.places import Places, Seen

_STALE_S = 0.4
"""After so many seconds between two analysed frames a face has moved too far for its mesh to give the next crop."""
_SLID = 0.4
"""A mesh whose box shares less of the union with the detector's is looked for anew where the detector sees the face."""
_LOYALTY = 1.3
"""With more faces than allowed, a newcomer must be larger by this factor to push out a face already followed."""


class FaceDetector(Protocol):
    """What finds faces in a whole picture."""

    def detect(self, luma: NDArray[np.uint8], ease: float = 1.0) -> Faces: ...  # noqa: D102


class Follower:
    """Says for each frame of a recording where to look for faces.

    The detector runs on the first frame, every `detect_every` frames, after a cut or a gap in time, on each frame while
    there is no face, and when a face is lost. `cut` tells whether a new scene began with the latest frame.
    """

    def __init__(self, detector: FaceDetector, options: Options) -> None:
        self._detector, self._options = detector, options
        self._cuts = CutDetector()
        self.reset()

    def reset(self) -> None:
        """Begin a new recording."""
        self._cuts.reset()
        self._carried: Seen | None = None
        self._time_s = 0.0
        self._size: tuple[int, ...] | None = None
        self._since = 0
        self.cut = False

    def places(self, frame: Frame) -> Places:
        """Return the faces carried over from the frame before, and new ones if the detector's turn has come."""
        gap = frame.time_s - self._time_s
        self.cut = self._cuts.is_cut(frame.luma) or self._size not in (None, frame.luma.shape)
        self._size = frame.luma.shape
        if self.cut or not 0 <= gap <= _STALE_S:
            self._carried = None
        self._time_s = frame.time_s
        self._since += 1
        carried = self._carried
        if carried is None or not len(carried):
            return self._limited(self._detected(frame))
        places = Places(matrices_from_meshes(carried.meshes, MESH_CROP), carried.faces.scores, carried.faces.ids)
        if self._since < self._options.detect_every:
            return places
        return self._limited(self._with_detected(frame, places, carried.faces.boxes))

    def places_after_loss(self, frame: Frame, kept: Seen) -> Places:
        """Return where else to look once a face carried over was not seen; nowhere if the detector has just run."""
        if self._since == 0:
            return Places.detected(Faces.empty())
        found = self._with_detected(frame, Places.detected(Faces.empty()), kept.faces.boxes)
        return self._limited(found, self._options.faces_max - len(kept))

    def remember(self, seen: Seen, ids: NDArray[np.int64]) -> None:
        """Carry the faces of this frame, with their (n,) track ids, over to the next."""
        faces = Faces(seen.faces.boxes, seen.faces.scores, seen.faces.points, ids)
        self._carried = replace(seen, faces=faces)

    def _detected(self, frame: Frame) -> Places:
        self._since = 0
        return Places.detected(self._detector.detect(frame.luma))

    def _with_detected(self, frame: Frame, places: Places, boxes: NDArray[np.float32]) -> Places:
        """Add detections that lie on none of the (n, 4) boxes.

        A place whose box was found again gets the new score, and the new position if its mesh has slid off.
        """
        self._since = 0
        detected = self._detector.detect(frame.luma)
        same = same_face(boxes, detected.boxes)
        new = np.flatnonzero(~same.any(axis=0))
        if len(places) and len(detected):
            again = np.where(same, detected.scores[None], -1).max(1)
            best = np.where(same, detected.scores[None], -1).argmax(1)
            slid = (again >= 0) & (iou(boxes, detected.boxes)[np.arange(len(boxes)), best] < _SLID)
            matrices = np.where(slid[:, None, None], Places.detected(detected).matrices[best], places.matrices)
            places = Places(matrices, np.where(again >= 0, again, places.scores), places.ids)
        return Places.join(places, Places.detected(detected.take(new)))

    def _limited(self, places: Places, most: int | None = None) -> Places:
        most = self._options.faces_max if most is None else most
        if len(places) <= most:
            return places
        sizes = places.sizes * np.where(places.fresh, 1.0, _LOYALTY)
        return places.take(np.sort(np.argsort(-sizes, kind="stable")[: max(most, 0)]))
