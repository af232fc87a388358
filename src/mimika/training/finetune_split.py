"""Which of a user's pictures are learnt from, which choose, and which are held out for the report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mimika.data.errors import OptionError
from mimika.evaluation.duplicates import find
from mimika.training.finetune_data import OwnFaces
from mimika.training.splits import person_of

PARTS = ("train", "validation", "test")
SHARES = (0.6, 0.15, 0.25)
LEAST = 30
"""Fewer faces than this cannot be learnt from and checked with."""
SMALL_CLASS, SMALL_TEST = 20, 10
"""A class with fewer faces, all in all or held out, is warned of."""
LEAST_GROUPS = 5
"""Names of files are taken for persons when they form so many groups, at least three of them in each class."""
ALIKE = 0.93
"""Correlation of the fine detail of two aligned faces above which they are nearly the same picture.

Chosen by eye on made copies and on studio portraits: of 8,580 pairs of different persons the most alike had 0.915,
of pairs of one person, neutral and smiling, half had more than 0.92 and none more than `SAME`.
"""
SAME = 0.99

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Division:
    """What became of n faces.

    `part` (n,) is a place in `PARTS`; `groups` (n,) are numbers of what was kept together; `persons` says whether those
    are persons; `how` tells a reader how it was done; `warnings` what the numbers may hide.
    """

    part: Rows
    groups: Rows
    persons: bool
    how: str
    warnings: tuple[str, ...]

    def rows(self, part: str) -> NDArray[np.bool_]:
        """Return which faces (n,) are in a part."""
        return np.asarray(self.part == PARTS.index(part))


def divide(faces: OwnFaces, pattern: str | None = None, seed: int = 0) -> Division:
    """Divide faces into 60 % to learn from, 15 % to choose by and 25 % held out, by person where that is known.

    Persons come from folders between class and picture, from `pattern`, a regular expression with a group `person`
    that is searched in each name, or from file names such as "ann_03.jpg". Without persons, nearly equal pictures are
    kept together. Folders `train`, `validation` and `test` above the classes are kept to.

    Raises:
        OptionError: if the pattern cannot be used, or there are too few faces.
    """
    if len(faces) < LEAST:
        raise OptionError(
            f"{faces.name}: {len(faces)} pictures with a face are too few to learn from and to check with; "
            f"{LEAST} are the least, a few hundred are good"
        )
    names, how = persons_of(faces, pattern)
    pairs = near_copies(faces)
    groups = _numbers(names) if names else _joined(len(faces), pairs)
    part = _given(faces, groups, seed)
    if part is None:
        part = assign(faces.truth, groups, SHARES, seed)
    else:
        how = f"by the folders {', '.join(sorted(set(faces.splits)))}; {how}"
    division = Division(part, groups, names is not None, how, ())
    told = (*_leaks(faces, division, pairs), *_small(faces, division))
    return Division(part, groups, names is not None, how, tuple(told))


def persons_of(faces: OwnFaces, pattern: str | None) -> tuple[tuple[str, ...] | None, str]:
    """Return who is shown in each picture, None where nothing says so, and how that was found.

    Raises:
        OptionError: if the pattern is none, has no group `person`, or does not fit every name.
    """
    if pattern is not None:
        found = _by_pattern(faces, pattern)
        return found, f"by person, {len(set(found))} of them by --person-pattern"
    if faces.persons and len(set(faces.persons)) >= 3:
        return faces.persons, f"by person, {len(set(faces.persons))} of them by folder"
    guessed = tuple(person_of(name) for name in faces.names)
    if _plausible(guessed, faces.truth):
        some = ", ".join(sorted(set(guessed))[:3])
        return guessed, f"by person, {len(set(guessed))} of them by file name ({some}, …)"
    return None, "at random, because no name says who is shown: persons may be on both sides"


def near_copies(faces: OwnFaces) -> list[tuple[int, int, float]]:
    """Return pairs of rows that show nearly the same picture: again, re-encoded, or the next of a burst; how alike."""
    crops = list(faces.crops)
    found = find(crops, crops)
    pairs = {(int(a), int(b)) for a, b in zip(found.new, found.known, strict=True) if a < b}
    detail = [_detail(cut) for cut in crops]
    turned = {row: _detail(crops[row][:, ::-1]) for row in {b for _, b in pairs}}
    alike = [(a, b, max(float(detail[a] @ detail[b]), float(detail[a] @ turned[b]))) for a, b in sorted(pairs)]
    return [pair for pair in alike if pair[2] >= ALIKE]


def assign(truth: Rows, groups: Rows, shares: Sequence[float], seed: int) -> Rows:
    """Give each group of rows to a part, so that every class is shared out as `shares` (sum 1) wants it; (n,).

    Large groups first, the order of equal ones by chance; each goes where most is lacking.
    """
    rng = np.random.default_rng(seed)
    counts = np.zeros((int(groups.max()) + 1, int(truth.max()) + 1))
    np.add.at(counts, (groups, truth), 1)
    lacking = np.outer(shares, counts.sum(0))
    order = rng.permutation(len(counts))
    order = order[np.argsort(-counts[order].sum(1), kind="stable")]
    total = np.maximum(counts.sum(0), 1)
    chosen = np.zeros(len(counts), np.int64)
    for group in order:
        # Squared gaps relative to each class, so that a rare class counts as much as a common one.
        before, after = (lacking / total) ** 2, ((lacking - counts[group]) / total) ** 2
        chosen[group] = int(np.argmin((after - before).sum(1)))
        lacking[chosen[group]] -= counts[group]
    return chosen[groups]


def _by_pattern(faces: OwnFaces, pattern: str) -> tuple[str, ...]:
    try:
        wanted = re.compile(pattern)
    except re.error as error:
        raise OptionError(f"--person-pattern: not a regular expression ({error}): {pattern}") from error
    if "person" not in wanted.groupindex:
        raise OptionError(f"--person-pattern: a group (?P<person>…) is needed, received {pattern}")
    found = [wanted.search(name) for name in faces.names]
    misses = [name for name, match in zip(faces.names, found, strict=True) if not match or not match["person"]]
    if misses:
        raise OptionError(f"--person-pattern: does not fit {len(misses)} of the names, the first is {misses[0]}")
    persons = tuple(str(match["person"]) for match in found if match)
    if len(set(persons)) < 3:
        raise OptionError(f"--person-pattern: finds {len(set(persons))} persons; three are needed to hold some out")
    return persons


def _plausible(guessed: Sequence[str], truth: Rows) -> bool:
    """Whether what names begin with can be persons: several, each with some pictures, all classes among them."""
    counts = Counter(guessed)
    if len(counts) < LEAST_GROUPS or max(counts.values()) > 0.4 * len(guessed) or len(counts) > 0.7 * len(guessed):
        return False
    of_class = [{name for name, label in zip(guessed, truth, strict=True) if label == place} for place in set(truth)]
    return all(len(names) >= 3 for names in of_class)


def _given(faces: OwnFaces, groups: Rows, seed: int) -> Rows | None:
    """Return the parts that folders name; what they lack to choose by is taken off what is learnt from."""
    if not all(faces.splits) or not {"train", "test"} <= set(faces.splits):
        return None
    part = np.array([PARTS.index(split) for split in faces.splits], np.int64)
    if "validation" not in faces.splits:
        learnt = np.flatnonzero(part == 0)
        part[learnt] = assign(faces.truth[learnt], _numbers(groups[learnt]), (0.8, 0.2), seed)
    return part


def _leaks(faces: OwnFaces, division: Division, pairs: list[tuple[int, int, float]]) -> list[str]:
    told = []
    across = [(a, b) for a, b, _ in pairs if (division.part[a] == 2) != (division.part[b] == 2)]
    if across:
        a, b = across[0]
        told.append(
            f"{len(across)} pairs of nearly the same picture have one in the held-out part and one not "
            f"({faces.names[a]} and {faces.names[b]}): the accuracy is told too high"
        )
    if not division.persons:
        told.append("who is shown is not known, so the same person may be on both sides: for strangers expect less")
    elif both := set(division.groups[division.rows("test")]) & set(division.groups[~division.rows("test")]):
        told.append(f"{len(both)} persons are in the held-out part and outside it: for strangers expect less")
    torn = [pair for pair in pairs if pair[2] >= SAME and faces.truth[pair[0]] != faces.truth[pair[1]]]
    if torn:
        a, b, _ = torn[0]
        told.append(f"{len(torn)} pairs of nearly the same picture are of different classes ({faces.names[a]} and "
                    f"{faces.names[b]})")  # fmt: skip
    return told


def _small(faces: OwnFaces, division: Division) -> list[str]:
    told = []
    whole, held = faces.counts(), faces.counts(division.rows("test"))
    learnt = faces.counts(division.rows("train"))
    for name, count in whole.items():
        if not learnt[name]:
            raise OptionError(
                f"{faces.name}: all {count} pictures of {name} are of held-out persons; add some, or leave the class "
                "out (--map, an empty name)"
            )
        if count < SMALL_CLASS:
            told.append(f"{name} has {count} pictures, {held[name]} of them held out: too few to learn or judge it by")
        elif held[name] < SMALL_TEST:
            told.append(f"{name} has {held[name]} held-out pictures: its own figures say little")
    if max(whole.values()) > 10 * min(whole.values()):
        most, least = max(whole, key=whole.__getitem__), min(whole, key=whole.__getitem__)
        told.append(
            f"{most} has {whole[most]} pictures, {least} {whole[least]}: they are weighed, but more would be better"
        )
    return told


def _detail(cut: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the fine detail of an aligned face as a vector of length 1."""
    small = cv2.resize(np.ascontiguousarray(cut), (48, 48), interpolation=cv2.INTER_AREA).astype(np.float32)
    flat = (small - cv2.GaussianBlur(small, (0, 0), 6)).ravel()
    flat -= flat.mean()
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-6), np.float32)


def _numbers(names: Sequence[Any] | NDArray[Any]) -> Rows:
    return np.unique(np.asarray(names), return_inverse=True)[1].astype(np.int64)


def _joined(count: int, pairs: list[tuple[int, int, float]]) -> Rows:
    """Return the (count,) groups that pairs of rows form."""
    leader = np.arange(count)
    for a, b, _ in pairs:
        low, high = sorted((leader[a], leader[b]))
        leader[leader == high] = low
    return _numbers(leader)
