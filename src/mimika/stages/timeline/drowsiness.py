"""Lids and yawns: blinks, PERCLOS, long closures, and what they say of drowsiness. No diagnosis; see the docs."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from mimika.stages.timeline.moments import Moment
from mimika.stages.timeline.stretches import BLINK, LONGEST_BLINK_S, OPEN_RANK
from mimika.stages.timeline.windows import Level, Means, Usual, ramp

WINDOW_S = 60.0
"""PERCLOS and blinks look back for a minute.

Source: Wierwille, Ellsworth, Wreggit, Fairbanks, Kirn, "Research on vehicle-based driver status/performance
monitoring: development, validation, and refinement of algorithms for detection of driver drowsiness", NHTSA DOT HS 808
247, 1994.
"""
_NEEDED_S = 20.0
P80 = 0.8
"""From this share on an eye counts as closed for PERCLOS.

Source: Dinges, Grace, "PERCLOS: a valid psychophysiological measure of alertness as assessed by psychomotor vigilance",
Federal Highway Administration FHWA-MCRT-98-006, 1998.
"""
_NARROWEST = 0.3
"""Nobody's open eyes count as less open than this, else one who begins asleep would be awake."""
_SLOWEST_HZ = 8.0
"""Fewer frames a second miss blinks, which last 0.1 to 0.4 s (Caffier, Erdmann, Ullsperger, 2003)."""
_SHARP_HZ = 15.0
"""With fewer frames a second blinks look longer than they are, and their length is no sign of drowsiness."""
YAWN = (2.5, 1.5, 0.3)
"""Of the jaw (AU26, AU27; 0..5): a yawn begins at the first level, ends below the second, dips in seconds are
bridged."""
YAWN_S = (2.0, 15.0)
"""A mouth open for less is speech or a laugh. Yawns last about six seconds (Provine, "Yawning as a stereotyped action
pattern and releasing stimulus", Ethology 72, 1986)."""
_SMILE = 2.0
_LAUGH = 0.5
"""Eyes shut with such a probability of happiness laugh, and are no long closures."""
YAWNS_S = 300.0


@dataclass(frozen=True, slots=True)
class Lids:
    """What is known of eyes and yawns by now; NaN where it was not measured or not for long enough.

    `closed` 0..1 against the person's own open eyes, `jaw` 0..5 as it counts for yawns; the others as in
    `data.indicators`.
    """

    closed: float
    jaw: float
    blink_rate: float
    blink_s: float
    perclos: float
    eyes_closed_s: float
    yawns: float
    drowsiness: float


class Drowsiness:
    """Follows eyes and jaw of one face."""

    def __init__(self) -> None:
        self._open = Usual(OPEN_RANK, 0.0, 2.0)
        self._shut = Means(WINDOW_S, _NEEDED_S)
        self._blink = Level(BLINK.enter, BLINK.leave, BLINK.bridge_s)
        self._closures: deque[tuple[float, float]] = deque()
        self._yawn, self._yawns = Level(*YAWN), deque[float]()

    def update(self, moment: Moment) -> Lids:
        """Take in the newest moment."""
        now, closed = moment.time_s, self._closed(moment)
        self._shut.add(now, float(closed >= P80) if math.isfinite(closed) else math.nan)
        ended = self._blink.update(now, closed)
        laughs = moment.happy >= _LAUGH
        if ended is not None and BLINK.shortest_s <= ended[1] - ended[0] <= (LONGEST_BLINK_S if laughs else math.inf):
            self._closures.append(ended)
        while self._closures and self._closures[0][1] <= now - WINDOW_S:
            self._closures.popleft()
        rate, length = self._blinks()
        eyes_closed_s = self._blink.lasting_s(now) if math.isfinite(closed) else math.nan
        jaw, yawns = self._jaw(moment)
        perclos = self._shut.mean()
        sharp = length if self._shut.rate >= _SHARP_HZ else math.nan
        drowsiness = drowsy(perclos, self._long_s(now, laughs), sharp, yawns)
        return Lids(closed, jaw, rate, length, perclos, eyes_closed_s, yawns, drowsiness)

    def _closed(self, moment: Moment) -> float:
        """Return the share by which the eyes are closed, NaN until the person's own open eyes are known."""
        usual = self._open.update(moment.time_s, moment.openness)
        return min(max(1 - moment.openness / max(usual, _NARROWEST), 0.0), 1.0) if math.isfinite(usual) else math.nan

    def _blinks(self) -> tuple[float, float]:
        """Return blinks a minute and their mean length."""
        seen = self._shut.seconds
        if seen < _NEEDED_S - 1e-9 or self._shut.rate < _SLOWEST_HZ:
            return math.nan, math.nan
        lengths = [stop - start for start, stop in self._closures if stop - start <= LONGEST_BLINK_S]
        return 60 * len(lengths) / seen, sum(lengths) / len(lengths) if lengths else math.nan

    def _long_s(self, now: float, laughs: bool) -> float:
        """Return how many of the last 60 seconds lay in closures too long for a blink, the present one included."""
        spans = list(self._closures)
        if self._blink.since_s is not None and not laughs:
            spans.append((self._blink.since_s, now))
        long = [(start, stop) for start, stop in spans if stop - start > LONGEST_BLINK_S]
        return sum(stop - max(start, now - WINDOW_S) for start, stop in long)

    def _jaw(self, moment: Moment) -> tuple[float, float]:
        """Return how far the mouth gapes without a smile, and the number of yawns; NaN without action units."""
        now, gape = moment.time_s, max(moment.unit("AU26"), moment.unit("AU27"))
        jaw = gape if not moment.unit("AU12") >= _SMILE else 0.0
        ended = self._yawn.update(now, jaw)
        if ended is not None and YAWN_S[0] <= ended[1] - ended[0] <= YAWN_S[1]:
            self._yawns.append(ended[1])
        while self._yawns and self._yawns[0] <= now - YAWNS_S:
            self._yawns.popleft()
        return jaw, float(len(self._yawns)) if math.isfinite(gape) else math.nan


def drowsy(perclos: float, long_s: float, blink_s: float, yawns: float) -> float:
    """Return drowsiness 0..1 out of its four signs; NaN where PERCLOS is.

    1 - (1 - a)(1 - b)(1 - c)(1 - d): `a` rises with `perclos` from 0.075 to 0.225, `b` with the seconds of long
    closures `long_s` from 1 to 6, `c`, at most a half, with the mean length of blinks `blink_s` from 0.2 to 0.4 s, and
    `d`, at most a half, with `yawns` up to 4. A sign that was not measured is left out. The form and the numbers are
    ours.

    Source of the signs: Wierwille et al. 1994, Dinges & Grace 1998 (PERCLOS, long closures); Caffier, Erdmann,
    Ullsperger, "Experimental evaluation of eye-blink parameters as a drowsiness measure", European Journal of Applied
    Physiology 89, 2003 (length of blinks).
    """
    if math.isnan(perclos):
        return math.nan
    parts = (
        ramp(perclos, 0.075, 0.225),
        ramp(long_s, 1.0, 6.0),
        0.5 * ramp(blink_s, 0.2, 0.4),
        0.5 * ramp(yawns, 0.0, 4.0),
    )
    return 1 - math.prod(1 - part for part in parts if math.isfinite(part))
