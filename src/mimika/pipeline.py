"""The whole flow of one frame: find faces, measure them, recognise what they show, keep them apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import replace
from typing import ParamSpec, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from mimika.data.baseline import Baseline
from mimika.data.frame import Frame
from mimika.data.measurements import Measurements
from mimika.data.methods import BaselineChoice
from mimika.data.observation import Observation
from mimika.data.options import FACES_LIMIT, Options
from mimika.data.protocols import Capture, Hook
from mimika.stages.capture.photo import PhotoCapture
from mimika.stages.faces.align import EXPRESSION_CROP, matrices_from_meshes
from mimika.stages.faces.crops import crop_batch
from mimika.stages.faces.detect import Detector
from mimika.stages.faces.follow import Follower
from mimika.stages.faces.glimpses import credible, glimpses
from mimika.stages.faces.places import Places, Seen
from mimika.stages.faces.track import Tracker
from mimika.stages.measure.action_units import ActionUnits
from mimika.stages.measure.changes import portraits
from mimika.stages.measure.eye_region import EyeNet
from mimika.stages.measure.eyes import gaze, openness
from mimika.stages.measure.mesh import MeshNet
from mimika.stages.measure.movement import FaceMovements
from mimika.stages.measure.pose import Fit, fit_mean_face, head_pose
from mimika.stages.recognize.classify import Classifier
from mimika.stages.timeline.baseline import load, of_photo
from mimika.temporal import Hindsight, Temporal

P = ParamSpec("P")
T = TypeVar("T")

_PASSES = 3
"""Further looks at a face whose crop was not its own, such as one that has moved far since the frame before."""
_CERTAIN = 0.9
"""While no face of a photo has more presence, other ways of looking for one are tried."""


class Pipeline:
    """Analyses frames; holds the networks, and for video what is known from the frames before.

    A face's box is the box around its mesh, its score the detector's latest (0 where the detector missed it and the
    mesh network alone saw it), its presence the mesh network's for this very frame. `hooks` are told, once a frame is
    done, of each stage: "faces", "measure", "recognize", "track".

    Raises:
        ModelError: if a network is missing or damaged.
        InputError: if the photo or file of a baseline cannot be used.
    """

    _fit: Fit | None = None
    """How the meshes of the latest frame lie in it."""

    def __init__(self, options: Options | None = None, hooks: Iterable[Hook] = ()) -> None:
        self._options = options if options is not None else Options()
        self._hooks = tuple(hooks)
        # The detector would keep the surest faces where the user wants the largest.
        self._detector = Detector(replace(self._options, faces_max=FACES_LIMIT))
        self._mesh = MeshNet(self._options)
        self._eyes = EyeNet(self._options)
        self._units = ActionUnits(self._options)
        self._classifier = Classifier(self._options)
        self._follower = Follower(self._detector, self._options)
        self._tracker = Tracker(self._options, self._classifier.same_look)
        self._movements = FaceMovements() if self._options.micro else None
        self._temporal = self._open_temporal()

    def sibling(self, options: Options, known: Baseline | None = None) -> Self:
        """Return a pipeline for another recording that shares the networks of this one; both may run at once.

        Of `options` those count that concern following, smoothing and baseline; the networks, their threads, and how
        they read a picture stay as they are here. `known` is a person's neutral face; with it `options.baseline`
        does not count.

        Raises:
            InputError: if the photo or file of a baseline cannot be used.
        """
        other = copy(self)
        other._options = options
        other._follower = Follower(self._detector, options)
        other._tracker = Tracker(options, self._classifier.same_look)
        other._movements = FaceMovements() if options.micro else None
        if known is None:
            other._temporal = other._open_temporal()
        else:
            other._temporal = Temporal(replace(options, baseline="auto"), self._units, known)
        return other

    def run(self, capture: Capture, raw: bool = False) -> Iterator[Observation]:
        """Analyse an open source from its first frame to its last; `raw` leaves baseline and smoothing out."""
        self.reset()
        moving = self.process_raw if raw else self.process
        process = self.process_photo if capture.info.kind == "photo" else moving
        for frame in capture:
            yield process(frame)

    def reset(self) -> None:
        """Forget the recording so far; ids count from 0 again."""
        self._follower.reset()
        self._tracker.reset()
        self._temporal.reset()
        if self._movements is not None:
            self._movements.reset()

    @property
    def baselines(self) -> list[Baseline]:
        """The neutral faces known by now, if the options ask for a baseline."""
        return self._temporal.baselines

    def relearn(self, seconds: float) -> None:
        """Take the coming seconds of a live picture as the neutral state of each face."""
        self._temporal.relearn(seconds, self._units)

    def hindsight(self) -> Hindsight:
        """Return what treats raw observations of a whole recording with its future in view."""
        return self._temporal.hindsight()

    def process(self, frame: Frame) -> Observation:
        """Analyse the next frame of a recording; baseline and smoothing know what came before."""
        observation = self.process_raw(frame)
        return self._temporal.follow(observation, self._fit)

    def process_raw(self, frame: Frame) -> Observation:
        """Analyse the next frame of a recording, without baseline and smoothing."""
        stages = _Stages()
        places = stages.run("faces", self._follower.places, frame)
        seen = stages.run("measure", self._look, frame, places)
        if len(seen) < len(places):
            elsewhere = stages.run("faces", self._follower.places_after_loss, frame, seen)
            found = stages.run("measure", self._look, frame, elsewhere)
            seen = Seen.join(seen, found).distinct()
        if self._follower.cut:
            self._tracker.scene_changed()
        observation = self._moved(self._finish(frame, seen, stages, self._tracker), stages)
        self._follower.remember(seen, observation.faces.ids)
        return observation

    def process_photo(self, frame: Frame) -> Observation:
        """Analyse a picture on its own, whatever came before; ids count its faces from the largest down."""
        stages = _Stages()
        ways, seen = glimpses(self._detector, frame.luma), Seen.nothing()
        while seen.presence.max(initial=0) < _CERTAIN:
            places = stages.run("faces", next, ways, None)
            if places is None:
                break
            looked = stages.run("measure", self._look, frame, places)
            found = credible(looked, frame.luma, self._options.min_score)
            seen = Seen.join(seen, found).distinct()
        largest = np.argsort(-seen.faces.boxes[:, 2:].prod(axis=1), kind="stable")
        seen = seen.take(largest[: self._options.faces_max])
        return self._temporal.photo(self._finish(frame, seen, stages, Tracker(self._options)))

    def _open_temporal(self) -> Temporal:
        """Return what works over time, with the baseline of the photo or file that the options name."""
        choice = BaselineChoice.parse(self._options.baseline)
        if choice.method == "none":
            return Temporal(self._options, None)
        known = load(choice) if choice.method == "file" else None
        units = self._units
        if choice.method == "image":
            self._temporal = Temporal(replace(self._options, baseline="none"), None)
            with PhotoCapture(choice.path, self._options) as photo:
                return Temporal(self._options, units, of_photo(self.process_photo(next(iter(photo))), units))
        return Temporal(self._options, units, known)

    def _look(self, frame: Frame, places: Places) -> Seen:
        """Measure the faces at some places, fresh ones on better and better crops; drop what is no face."""
        meshes, presence = self._mesh.settle(frame.luma, places.matrices, places.fresh, _PASSES)
        seen = Seen.at(places, meshes, presence)
        return seen.take(seen.presence >= self._options.min_presence).distinct()

    def _finish(self, frame: Frame, seen: Seen, stages: _Stages, tracker: Tracker) -> Observation:
        """Turn the faces seen into the observation: pose, expressions, ids."""
        matrices = matrices_from_meshes(seen.meshes, EXPRESSION_CROP)
        crops = stages.run("recognize", crop_batch, frame.luma, matrices, EXPRESSION_CROP)
        measurements = stages.run("measure", self._measured, frame, seen, crops)
        expressions = stages.run("recognize", self._classifier.classify, frame.luma, matrices, crops)
        faces = stages.run("track", tracker.assign, seen.faces, expressions.embeddings, frame.time_s)
        results = {"faces": seen.faces, "measure": measurements, "recognize": expressions, "track": faces}
        for hook in self._hooks:
            for stage, result in results.items():
                hook(stage, frame, result, stages.ms[stage])
        return Observation(frame, faces, measurements, expressions, stages.ms)

    def _moved(self, observation: Observation, stages: _Stages) -> Observation:
        """Add how the faces moved since the frames before, if micro-expressions are asked for."""
        if self._movements is None:
            return observation
        frame, measured = observation.frame, observation.measurements
        ids, meshes = observation.faces.ids, measured.meshes
        movement = stages.run("measure", self._movements.follow, frame.luma, ids, meshes, frame.time_s)
        return replace(observation, measurements=replace(measured, movement=movement))

    def _measured(self, frame: Frame, seen: Seen, crops: NDArray[np.float32]) -> Measurements:
        """Look closer at the eyes; read pose, action units and gaze off meshes and crops."""
        meshes = self._eyes.refine(frame.luma, seen.meshes)
        fit = self._fit = fit_mean_face(meshes)
        angles, translations = head_pose(meshes, (frame.width, frame.height), fit)
        opened = openness(meshes)
        measured = Measurements(
            meshes,
            seen.presence,
            angles,
            translations,
            action_units=self._units.measure(meshes, angles, cuts=255 * crops[:, 0], fit=fit, opened=opened),
            eye_openness=opened,
            gaze=gaze(meshes, angles),
        )
        if not self._temporal.compares and self._options.baseline == "none":
            return measured
        return replace(measured, portraits=portraits(frame.luma, seen.meshes))


class _Stages:
    """Adds up the wall time of each stage of one frame, in `ms` by name."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    def run(self, stage: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        began = time.perf_counter()
        try:
            return work(*args, **kwargs)
        finally:
            self.ms[stage] = self.ms.get(stage, 0.0) + 1000 * (time.perf_counter() - began)
