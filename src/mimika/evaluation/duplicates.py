"""Pictures of a test set that a training set holds as well, exactly or nearly: found by hash, confirmed by pixels.

A near duplicate is the same photo again: re-encoded, cropped a little differently, with a watermark, lighter or darker,
or mirrored. The two limits were chosen by eye on FER-2013's train against validation: of 36 different pairs drawn from
those between 0.90 and 0.92 correlation two showed another photo, of 36 between 0.88 and 0.90 about thirteen did. So the
counts are rather too low than too high.

Source: hash of the low DCT frequencies after C. Zauner, "Implementation and benchmarking of perceptual image hash
functions", 2010.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.evaluation.datasets import EvaluationSet

HASH_BITS = 10
"""Hashes that differ in more of their 64 bits are not looked at.

Of the pairs of train and validation that correlate above 0.95 that loses 2 of 700, above 0.90 128 of 1,105.
"""
CORRELATION = 0.90
"""Least correlation of the two pictures, at 32 × 32 pixels, to be called duplicates."""
_SIDE, _LOW = 32, 8
_ROWS = 256

Luma = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Pairs, best first for each picture of the new set: row `new[i]` shows the photo of row `known[i]`.

    `exact` pixels are equal; `mirrored` the match is with the mirrored picture; `correlation` -1..1; `distance` of the
    hashes in bits. All (n,).
    """

    new: NDArray[np.int64]
    known: NDArray[np.int64]
    exact: NDArray[np.bool_]
    mirrored: NDArray[np.bool_]
    correlation: NDArray[np.float64]
    distance: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.new)

    def best(self) -> Duplicates:
        """Return one pair for each picture of the new set, the best."""
        return self._take(np.unique(self.new, return_index=True)[1])

    def rows(self, count: int) -> NDArray[np.bool_]:
        """Return which of the `count` pictures of the new set are duplicates, (count,)."""
        marked = np.zeros(count, np.bool_)
        marked[self.new] = True
        return marked

    def _take(self, pairs: NDArray[np.intp]) -> Duplicates:
        return Duplicates(*(getattr(self, name)[pairs] for name in self.__slots__))


def fingerprint(picture: Luma) -> np.uint64:
    """Return the 64-bit hash of a (height, width) picture: which of its lowest frequencies lie above their median."""
    small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:_LOW, :_LOW].ravel()
    # The first is the mean grey, which says nothing of the photo.
    bits = low > np.median(low[1:])
    bits[0] = False
    return np.packbits(bits).view(">u8").astype(np.uint64)[0]  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Index:
    """What is kept of a set: hashes (n,), thumbnails (n, 1024) of mean 0 and length 1, and a digest of each picture."""

    hashes: NDArray[np.uint64]
    thumbnails: NDArray[np.float32]
    digests: NDArray[np.int64]

    @classmethod
    def of(cls, pictures: Iterable[Luma]) -> Index:
        """Read all pictures once."""
        hashes, thumbnails, digests = [], [], []
        for picture in pictures:
            hashes.append(fingerprint(picture))
            thumbnails.append(thumbnail(picture))
            digests.append(hash((picture.shape, picture.tobytes())))
        flat = np.array(thumbnails, np.float32).reshape(-1, _SIDE * _SIDE)
        return cls(np.array(hashes, np.uint64), flat, np.array(digests, np.int64))


def thumbnail(picture: Luma) -> NDArray[np.float32]:
    """Return a (height, width) picture as 1024 values of mean 0 and length 1; a product of two is their correlation."""
    small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-6), np.float32)


def find(new: Sequence[Luma] | EvaluationSet, known: Sequence[Luma] | EvaluationSet) -> Duplicates:
    """Find the pictures of `new` that `known` holds too, upright or mirrored."""
    wanted, there = list(_pictures(new)), Index.of(_pictures(known))
    mine = Index.of(wanted)
    turned = Index.of(np.ascontiguousarray(picture[:, ::-1]) for picture in wanted)
    parts = [_matches(side, there, start, side is turned) for side in (mine, turned) for start in _starts(len(wanted))]
    found = np.concatenate([np.empty((0, 5)), *parts])
    exact = mine.digests[found[:, 0].astype(int)] == there.digests[found[:, 1].astype(int)]
    # A symmetric picture matches itself both ways; only the better one counts.
    order = np.lexsort((found[:, 2], -found[:, 3], ~exact, found[:, 0]))
    order = order[np.sort(np.unique(found[order][:, :2], axis=0, return_index=True)[1])]
    rows = found[order]
    return Duplicates(
        rows[:, 0].astype(np.int64),
        rows[:, 1].astype(np.int64),
        exact[order],
        rows[:, 2].astype(np.bool_) & ~exact[order],
        rows[:, 3],
        rows[:, 4].astype(np.int64),
    )


def summary(found: Duplicates, new: EvaluationSet, known: EvaluationSet) -> dict[str, Any]:
    """Return the counts for JSON: pictures with an exact duplicate, with a near one only, and how their labels agree.

    The label compared is that of the best match; "unlabelled" has none on either side.
    """
    best = found.best()
    mine = _labels(new)[best.new] if len(best) else np.empty(0, object)
    theirs = _labels(known)[best.known] if len(best) else np.empty(0, object)

    def count(rows: NDArray[np.bool_]) -> dict[str, int]:
        named = rows & (mine != "") & (theirs != "")
        return {
            "pictures": int(rows.sum()),
            "same_label": int((named & (mine == theirs)).sum()),
            "different_label": int((named & (mine != theirs)).sum()),
            "unlabelled": int((rows & ~named).sum()),
        }

    return {
        "set": new.name,
        "n": len(new.truth),
        "known": known.name,
        "n_known": len(known.truth),
        "pairs": len(found),
        "exact": count(best.exact),
        "near": count(~best.exact),
        "any": count(np.ones(len(best), np.bool_)),
        "mirrored": int(best.mirrored.sum()),
        "share": round(len(best) / max(len(new.truth), 1), 4),
        "limits": {"hash_bits": HASH_BITS, "correlation": CORRELATION},
    }


def _labels(data: EvaluationSet) -> NDArray[Any]:
    names = np.array([*data.classes, ""], object)
    return np.asarray(names[data.truth])


def _pictures(source: Sequence[Luma] | EvaluationSet) -> Iterable[Luma]:
    if isinstance(source, EvaluationSet):
        return (source.picture(row) for row in range(len(source.truth)))
    return source


def _starts(count: int) -> range:
    return range(0, count, _ROWS)


def _matches(mine: Index, there: Index, start: int, mirrored: bool) -> NDArray[np.float64]:
    """Return rows of new, known, mirrored, correlation, distance for one block of the new set."""
    block = slice(start, start + _ROWS)
    apart = np.bitwise_count(mine.hashes[block, None] ^ there.hashes[None])
    new, known = np.nonzero(apart <= HASH_BITS)
    alike = np.einsum("ij,ij->i", mine.thumbnails[block][new], there.thumbnails[known], dtype=np.float64)
    # Pictures of one grey correlate with nothing, and are still equal.
    sure = (alike >= CORRELATION) | (mine.digests[block][new] == there.digests[known])
    new, known, alike = new[sure], known[sure], alike[sure]
    return np.column_stack([new + start, known, np.full(len(new), mirrored), alike, apart[new, known]]).astype(float)
