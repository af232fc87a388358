"""A pipeline that needs no network: every frame shows faces in the middle. For tests of what comes before and after.

Run as a program it is the command `mimika` with that pipeline, for tests that send signals:
`python -m tests.steady [--pause SECONDS] analyze ...`.
"""

from __future__ import annotations

import sys
import time

from mimika.data.frame import Frame
from mimika.data.observation import Observation
from mimika.data.options import Options
from mimika.data.protocols import Hook
from mimika.pipeline import Pipeline
from mimika.stages.measure.action_units import ActionUnits
from tests.builders import observation


class SteadyPipeline(Pipeline):
    """Sees `faces` faces in each frame and takes `pause_s` for it; what works over time is real."""

    pause_s = 0.0

    def __init__(self, options: Options | None = None, hooks: tuple[Hook, ...] = (), faces: int = 1) -> None:
        self.faces = faces
        self._options = options if options is not None else Options()
        self._units = ActionUnits(self._options)
        self._temporal, self._fit = self._open_temporal(), None

    def reset(self) -> None:
        self._temporal.reset()

    def process_raw(self, frame: Frame) -> Observation:
        time.sleep(self.pause_s)
        return observation(self.faces, frame, best="happiness")

    def process_photo(self, frame: Frame) -> Observation:
        return self.process_raw(frame)


def main() -> None:
    import mimika.jobs
    import mimika.pipeline
    from mimika.cli.app import app

    if sys.argv[1] == "--pause":
        SteadyPipeline.pause_s = float(sys.argv[2])
        del sys.argv[1:3]
    mimika.jobs.Pipeline = mimika.pipeline.Pipeline = SteadyPipeline  # type: ignore[misc]
    app()


if __name__ == "__main__":
    main()
