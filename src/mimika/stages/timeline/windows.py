"""What all indicators are made of: means over the last seconds, levels with hysteresis, and what is usual for a person.

Everything looks back only and counts in seconds, so that ten and sixty frames a second tell the same.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

Row = list[float]

GAP_S = 1.5
"""Two rows further apart than this: the face was away, and nothing is told of the time between."""


def ramp(value: float, low: float, high: float) -> float:
    """Return 0 up to `low`, 1 from `high` on, a straight line between; NaN stays NaN."""
    if math.isnan(value):
        return value
    return min(max((value - low) / (high - low), 0.0), 1.0)


class Means:
    """Means of k values over the last `seconds`, each row weighing as long as it stands.

    Between two rows a value goes along a straight line. Missing values (NaN) and absences weigh nothing; a mean is NaN
    until `needed_s` seconds of it were seen within the window.
    """

    def __init__(self, seconds: float, needed_s: float, count: int = 1) -> None:
        self._seconds, self._needed_s = seconds, needed_s
        # Plain floats: arrays of so few values would take four times as long.
        self._kept: deque[tuple[float, float, Row, Row]] = deque()
        self._sum, self._weight, self._span_s = [0.0] * count, [0.0] * count, 0.0
        self._time_s, self._before = math.nan, [math.nan] * count

    def add(self, time_s: float, *values: float) -> None:
        """Take in the newest values."""
        row = list(values)
        step = time_s - self._time_s
        if 0 < step <= GAP_S:
            middle = [(b + a) / 2 if b == b else a for a, b in zip(row, self._before, strict=True)]
            part = [step * value if value == value else 0.0 for value in middle]
            weight = [step if value == value else 0.0 for value in middle]
            self._kept.append((time_s, step, part, weight))
            self._sum = [a + b for a, b in zip(self._sum, part, strict=True)]
            self._weight = [a + b for a, b in zip(self._weight, weight, strict=True)]
            self._span_s += step
        self._time_s, self._before = time_s, row
        self._forget(time_s - self._seconds)

    def _forget(self, until_s: float) -> None:
        kept = self._kept
        while kept and kept[0][0] <= until_s:
            _, step, part, weight = kept.popleft()
            self._sum = [a - b for a, b in zip(self._sum, part, strict=True)]
            self._weight = [a - b for a, b in zip(self._weight, weight, strict=True)]
            self._span_s -= step
        if not kept:
            self._sum, self._weight, self._span_s = [0.0] * len(self._sum), [0.0] * len(self._sum), 0.0

    def _within(self) -> tuple[Row, Row]:
        """Return sums and weights, with only that part of the oldest step which lies in the window."""
        if not self._kept:
            return self._sum, self._weight
        end_s, step, part, weight = self._kept[0]
        outside = min(max((self._time_s - self._seconds - (end_s - step)) / step, 0.0), 1.0)
        if outside <= 0:
            return self._sum, self._weight
        return (
            [a - outside * b for a, b in zip(self._sum, part, strict=True)],
            [a - outside * b for a, b in zip(self._weight, weight, strict=True)],
        )

    @property
    def seconds(self) -> float:
        """Seconds within the window for which the first value was seen."""
        return max(self._within()[1][0], 0.0)

    @property
    def rate(self) -> float:
        """Rows a second within the window while the face was there, NaN if there are none."""
        return len(self._kept) / self._span_s if self._kept else math.nan

    def means(self) -> Row:
        """Return the k means."""
        needed = max(self._needed_s - 1e-6, 1e-6)
        return [a / b if b >= needed else math.nan for a, b in zip(*self._within(), strict=True)]

    def mean(self) -> float:
        """Return the first mean."""
        return self.means()[0]


class Level:
    """A state with hysteresis: it needs `enter` to begin, and lasts while the value stays above `leave`.

    Its beginning is where the value rose above `leave`. Dips up to `bridge_s` seconds do not end it, nor do missing
    values and absences as short. Times of crossing are interpolated between rows. With `enter` below `leave` everything
    is upside down: the state is a low value.
    """

    def __init__(self, enter: float, leave: float, bridge_s: float = 0.0) -> None:
        self._sign = 1.0 if enter >= leave else -1.0
        self._enter, self._leave, self._bridge_s = self._sign * enter, self._sign * leave, bridge_s
        self.active = False
        self._reached: float | None = None
        self._rise: float | None = None
        self._fall: float | None = None
        self._time_s, self._value = math.nan, math.nan

    @property
    def since_s(self) -> float | None:
        """When the present state began, None if there is none."""
        return self._rise if self.active else None

    @property
    def reached_s(self) -> float | None:
        """When the value reached `enter` in the present state, None if there is none."""
        return self._reached if self.active else None

    def lasting_s(self, time_s: float) -> float:
        """Return for how long the state has lasted, 0 if there is none."""
        return time_s - self._rise if self.active and self._rise is not None and self._fall is None else 0.0

    @property
    def high(self) -> bool:
        """Whether the state holds by the newest value itself, not only because a dip is bridged."""
        return self.active and self._fall is None

    def update(self, time_s: float, value: float) -> tuple[float, float] | None:
        """Take in the newest value; returns beginning and end of a state that has just ended."""
        value = self._sign * value
        ended = None
        if time_s - self._time_s > max(GAP_S, self._bridge_s):
            ended = self.close()
        if value >= self._leave:
            if self._rise is None:
                self._rise = self._crossing(self._leave, time_s, value, time_s)
            self._fall = None
            if not self.active and value >= self._enter:
                self.active, self._reached = True, self._crossing(self._enter, time_s, value, time_s)
        elif self._rise is not None:
            if self._fall is None:
                self._fall = self._crossing(self._leave, time_s, value, self._time_s)
            if not self.active or time_s - self._fall >= self._bridge_s:
                ended = self.close()
        self._time_s, self._value = time_s, value
        return ended

    def close(self) -> tuple[float, float] | None:
        """End a state that is on, where it was last seen, and forget what came before."""
        ended = None
        if self.active and self._rise is not None:
            ended = self._rise, self._time_s if self._fall is None else self._fall
        self.active, self._rise, self._reached, self._fall = False, None, None, None
        self._time_s, self._value = math.nan, math.nan
        return ended

    def _crossing(self, level: float, time_s: float, value: float, otherwise: float) -> float:
        """Return when a level was crossed since the row before; `otherwise` where there is no telling."""
        if not (math.isfinite(self._value) and math.isfinite(value)) or value == self._value:
            return otherwise if math.isfinite(otherwise) else time_s
        share = (level - self._value) / (value - self._value)
        return self._time_s + min(max(share, 0.0), 1.0) * (time_s - self._time_s)


class Usual:
    """What is usual for a person: a quantile of all that was seen of a value, the more recent the more it counts.

    `low`..`high` is the range that is told apart, in `bins` steps; what was seen `memory_s` seconds ago weighs 1/e.
    Until `needed_s` seconds were seen it is NaN.
    """

    def __init__(
        self, rank: float, low: float, high: float, memory_s: float = 600.0, needed_s: float = 2.0, bins: int = 200
    ) -> None:
        self._rank, self._low, self._width = rank, low, (high - low) / bins
        self._memory_s, self._needed_s = memory_s, needed_s
        self._weights = np.zeros(bins)
        self._time_s, self._seen_s, self._read_s, self._known = math.nan, 0.0, math.nan, math.nan

    def update(self, time_s: float, value: float) -> float:
        """Take in the newest value and return what is usual; looked up anew ten times a second."""
        step = time_s - self._time_s
        if math.isfinite(value):
            if 0 < step <= GAP_S:
                bins = len(self._weights)
                place = min(max(int((value - self._low) / self._width), 0), bins - 1)
                self._weights *= math.exp(-step / self._memory_s)
                self._weights[place] += step
                self._seen_s += step
            self._time_s = time_s
        if self._seen_s >= self._needed_s and not time_s - self._read_s < 0.1:
            self._known, self._read_s = self._quantile(), time_s
        return self._known

    def _quantile(self) -> float:
        sums = np.cumsum(self._weights)
        wanted = self._rank * sums[-1]
        place = int(np.searchsorted(sums, wanted))
        before = sums[place - 1] if place else 0.0
        inside = (wanted - before) / max(self._weights[place], 1e-12)
        return float(self._low + (place + min(inside, 1.0)) * self._width)
