"""How common each expression is where the pictures come from, and what that changes."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import OptionError
from mimika.data.geometry import Floats
from mimika.data.labels import FERPLUS

DATA, UNIFORM = "data", "uniform"
SMOOTHING = 20.0
"""So many faces as in the training data are added to those that an estimate is made from."""
AT_MOST = 4.0
"""No expression is estimated to be so many times as common as the plain probabilities say."""
AT_LEAST = 0.005
"""No share is estimated to be below this, or half of that in the training data where that is less."""
_RAREST = 1e-4
_STEPS, _STILL = 1000, 1e-7


def wanted_shares(choice: str, labels: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the shares of `labels` that a choice asks for, together 1; None for "data", which changes nothing.

    `choice` is "data", "uniform" or the path of a TOML file with a line `name = share` for each label.

    Raises:
        OptionError: if the file cannot be read, or a share is missing, unknown or not a number of 0 or more.
    """
    if choice == DATA:
        return None
    if choice == UNIFORM:
        return np.full(len(labels), 1 / len(labels))
    try:
        given = tomllib.loads(Path(choice).read_text("utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OptionError(f"prior: expected data, uniform or a TOML file, received {choice!r} ({reason})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f"{choice}: not TOML with a line 'name = share' for each expression ({error})") from error
    unknown = [name for name in given if name not in FERPLUS]
    if unknown:
        raise OptionError(f"{choice}: unknown {', '.join(unknown)}; the expressions are {', '.join(FERPLUS)}")
    missing = [name for name in labels if name not in given]
    if missing:
        raise OptionError(f"{choice}: no share for {', '.join(missing)} (write 0 for what does not occur)")
    return _shares(choice, [given[name] for name in labels])


def reweighted(probabilities: Floats, prior: Floats, wanted: Floats) -> NDArray[np.float32]:
    """Return (n, k) probabilities as they are where the classes have other shares than where they were calibrated.

    `prior` (k,) shares there, `wanted` (k,) shares here. Bayes: p'(y | x) is proportional to p(y | x) wanted(y) /
    prior(y). A prior below 1e-4 counts as 1e-4, so that a class that was hardly seen is not blown up without end.
    """
    weighed = np.asarray(probabilities, np.float64) * _ratio(prior, wanted)
    total = weighed.sum(axis=1, keepdims=True)
    # Where only expressions that do not occur were probable, nothing is known but the shares themselves.
    return np.where(total > 0, weighed / np.where(total > 0, total, 1), wanted).astype(np.float32)


def estimated_shares(probabilities: Floats, prior: Floats, smoothing: float = SMOOTHING) -> NDArray[np.float64]:
    """Return the (k,) shares of the classes among n faces, from their (n, k) probabilities under the shares `prior`.

    Expectation maximisation: the shares say how to read each face, the readings give the shares anew, until they stay.
    `smoothing` imagined faces with the shares `prior` are counted in, so that few faces change little; and no class
    gets more than `AT_MOST` times its mean probability, so that a faint look of something rare on every face, as light
    or a camera may give it, does not take everything; nor less than
    `AT_LEAST`, so that what was not seen among these faces stays possible.

    Source: Saerens, Latinne, Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities: a
    simple procedure", Neural Computation 14, 2002.
    """
    known = np.asarray(prior, np.float64)
    known = known / known.sum()
    shares, most = known, AT_MOST * np.append(probabilities, known[None], axis=0).mean(axis=0, dtype=np.float64)
    for _ in range(_STEPS):
        counts = reweighted(probabilities, known, shares).sum(axis=0, dtype=np.float64)
        after = _capped((counts + smoothing * known) / (len(probabilities) + smoothing), most)
        after = np.maximum(after, np.minimum(known / 2, AT_LEAST))
        after = after / after.sum()
        moved = float(np.abs(after - shares).max())
        shares = after
        if moved < _STILL:
            break
    return np.asarray(shares, np.float64)


def _capped(shares: NDArray[np.float64], most: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shares with none above `most` (whose sum exceeds 1), what is cut off given to the others in ratio."""
    full = np.zeros(len(shares), np.bool_)
    while (over := (shares > most) & ~full).any():
        full |= over
        shares = np.where(full, most, shares)
        shares[~full] *= (1 - most[full].sum()) / max(float(shares[~full].sum()), _RAREST)
    return np.asarray(shares / shares.sum(), np.float64)


def _ratio(prior: Floats, wanted: Floats) -> NDArray[np.float64]:
    return np.asarray(wanted, np.float64) / np.maximum(np.asarray(prior, np.float64), _RAREST)


def _shares(file: str, values: list[object]) -> NDArray[np.float64]:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values) or not np.isfinite(numbers).all() or min(numbers) < 0 or sum(numbers) <= 0:
        raise OptionError(f"{file}: expected shares of 0 or more, not all 0, received {values}")
    return np.array(numbers, np.float64) / sum(numbers)
