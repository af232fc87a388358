"""Times of frames, and which of them are wanted."""

from __future__ import annotations

from fractions import Fraction

from mimika.data.options import Options

_JUMP_S = 1.0


class Clock:
    """Turns presentation timestamps into seconds that start at 0 and always grow.

    `rate` is the average number of frames a second, used where a timestamp is missing or repeats the one before;
    `base` seconds are one unit of the timestamps. A step back of more than a second (two recordings glued together)
    starts a new stretch that follows the old one.
    """

    def __init__(self, rate: Fraction | float | None, base: Fraction | None) -> None:
        self._base = base
        self._step = 1.0 / float(rate) if rate else 1.0 / 25.0
        self._shift = 0.0
        self._last: float | None = None
        self.origin_s: float | None = None

    def start(self, stamp: int | None) -> None:
        """Let time 0 be at this timestamp; else the first frame that has one decides."""
        if stamp is not None and self._base is not None:
            self.origin_s = float(stamp * self._base) - (0.0 if self._last is None else self._last + self._step)

    def raw(self, stamp: int | None) -> float | None:
        """Return seconds since the first frame as the container says, or None."""
        if stamp is None or self._base is None or self.origin_s is None:
            return None
        return float(stamp * self._base) - self.origin_s

    def time(self, stamp: int | None) -> float:
        """Return the time in seconds of the next frame, whose timestamp may be missing."""
        if self.origin_s is None:
            self.start(stamp)
        said = self.raw(stamp)
        if self._last is None:
            time = 0.0 if said is None else said + self._shift
        elif said is None or said + self._shift <= self._last:
            time = self._last + self._step
            if said is not None and self._last - said - self._shift > _JUMP_S:
                self._shift = time - said
        else:
            time = said + self._shift
        self._last = time
        return time


class Picker:
    """Chooses frames by `every`, `fps`, `start_s` and `end_s` of the options.

    The range is start_s <= time < end_s. `fps` wins over `every` and takes the first frame at each tick of its own
    clock, with a tenth of a tick of tolerance so that rounded timestamps do not lose frames.
    """

    def __init__(self, options: Options) -> None:
        self._every, self._fps = options.every, options.fps
        self._start = options.start_s or 0.0
        self._end = options.end_s
        self._next_number = 0
        self._next_tick = 0

    def ended(self, time_s: float) -> bool:
        """Return whether this and all later frames lie behind the range."""
        return self._end is not None and time_s >= self._end

    def wants(self, number: int, time_s: float) -> bool:
        """Return whether the frame is wanted; call it once a frame, in order."""
        if time_s < self._start or self.ended(time_s):
            return False
        if self._fps is not None:
            ticks = (time_s - self._start) * self._fps + 0.1
            if ticks < self._next_tick:
                return False
            self._next_tick = int(ticks) + 1
            return True
        if number < self._next_number:
            return False
        self._next_number = number + self._every
        return True
