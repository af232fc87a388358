"""Annotations for ELAN: one tier a person and expression, action unit or state, linked to the recording.

Source: "EAF annotation format", The Language Archive, Max Planck Institute for Psycholinguistics, schema EAFv3.0.
"""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as Xml

from mimika._version import __version__
from mimika.data.episodes import Episode
from mimika.stages.write.columns import plain
from mimika.stages.write.units import peak_of
from mimika.stages.write.whole import Recording, WholeSink

SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE = "default-lt"

Span = tuple[int, int, str]
"""Begin and end in milliseconds, and the text."""


class ElanSink(WholeSink):
    """Writes an `.eaf` file: the tier `face0 AU12` holds when the unit was there, how strong, and on which side."""

    def _text(self, recording: Recording) -> str:
        root = Xml.Element(
            "ANNOTATION_DOCUMENT",
            {
                "AUTHOR": f"mimika {__version__}",
                "DATE": datetime.now(UTC).isoformat(timespec="seconds"),
                "FORMAT": "3.0",
                "VERSION": "3.0",
                f"{{{_INSTANCE}}}noNamespaceSchemaLocation": SCHEMA,
            },
        )
        tiers = list(_tiers(recording))
        _header(root, recording, self.path, sum(len(held) for _, _, held in tiers))
        order = Xml.SubElement(root, "TIME_ORDER")
        # ELAN moves a time slot with the annotation it belongs to, so no two annotations share one.
        spans = [span for _, _, held in tiers for span in held]
        ends = [(time, number, side) for number, span in enumerate(spans, 1) for side, time in enumerate(span[:2])]
        names = {(number, side): f"ts{slot}" for slot, (_, number, side) in enumerate(sorted(ends), 1)}
        for slot, (time, _, _) in enumerate(sorted(ends), 1):
            Xml.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": f"ts{slot}", "TIME_VALUE": str(time)})
        count = 0
        for tier, person, held in tiers:
            count = _tier(root, tier, person, held, names, count)
        Xml.SubElement(
            root,
            "LINGUISTIC_TYPE",
            {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": _TYPE, "TIME_ALIGNABLE": "true"},
        )
        Xml.register_namespace("xsi", _INSTANCE)
        Xml.indent(root, "    ")
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, "unicode") + "\n"


def _header(root: Xml.Element, recording: Recording, path: Path, annotations: int) -> None:
    header = Xml.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    name = recording.source.name
    link = {"MIME_TYPE": mimetypes.guess_type(name)[0] or "unknown"}
    if Path(name).is_file():
        link["MEDIA_URL"] = Path(name).resolve().as_uri()
        try:
            near = Path(os.path.relpath(Path(name).resolve(), path.resolve().parent)).as_posix()
        except ValueError:  # another drive
            near = ""
        if near:
            link["RELATIVE_MEDIA_URL"] = quote(near if near.startswith("../") else f"./{near}")
    else:
        link["MEDIA_URL"] = quote(plain(name), safe=":/?&=%")
    Xml.SubElement(header, "MEDIA_DESCRIPTOR", link)
    for key, text in (("lastUsedAnnotationId", str(annotations)), ("mimika", __version__)):
        Xml.SubElement(header, "PROPERTY", {"NAME": key}).text = text


def _tiers(recording: Recording) -> Iterator[tuple[str, str, list[Span]]]:
    """Give name, person and annotations of each tier that holds any."""
    for findings in recording.findings:
        person = f"face{findings.face}"
        tiers: dict[str, list[Episode]] = {}
        for episode in findings.episodes:
            prefix = "micro " if episode.kind == "micro" else ""
            tiers.setdefault(f"{person} {prefix}{episode.label}", []).append(episode)
        for tier in sorted(tiers, key=_in_order):
            yield tier, person, _spans(tiers[tier])


def _in_order(tier: str) -> tuple[bool, int, str]:
    """Put expressions and states first, then action units by their number."""
    unit = tier.rsplit(" ", 1)[-1]
    return unit.startswith("AU"), int(unit[2:]) if unit[2:].isdigit() else 0, tier


def _spans(episodes: list[Episode]) -> list[Span]:
    """Return annotations of at least a millisecond that do not overlap, as ELAN wants them on one tier."""
    spans: list[Span] = []
    for episode in sorted(episodes, key=lambda item: item.onset_s):
        begin = max(round(1000 * episode.onset_s), spans[-1][1] if spans else 0)
        spans.append((begin, max(round(1000 * episode.offset_s), begin + 1), told(episode)))
    return spans


def told(episode: Episode) -> str:
    """Return an episode in words: its label, its peak in its unit, and its side where it has one."""
    return " ".join(part for part in (episode.label, peak_of(episode), episode.side) if part)


def _tier(
    root: Xml.Element, name: str, person: str, spans: list[Span], names: dict[tuple[int, int], str], count: int
) -> int:
    """Add a tier whose annotations are numbered from `count` on; returns how many there are now."""
    tier = Xml.SubElement(
        root,
        "TIER",
        {"ANNOTATOR": "mimika", "LINGUISTIC_TYPE_REF": _TYPE, "PARTICIPANT": person, "TIER_ID": name},
    )
    for number, (_, _, text) in enumerate(spans, count + 1):
        annotation = Xml.SubElement(
            Xml.SubElement(tier, "ANNOTATION"),
            "ALIGNABLE_ANNOTATION",
            {"ANNOTATION_ID": f"a{number}", "TIME_SLOT_REF1": names[number, 0], "TIME_SLOT_REF2": names[number, 1]},
        )
        Xml.SubElement(annotation, "ANNOTATION_VALUE").text = text
    return count + len(spans)
