"""ELAN would not open the file, not find the video, or show an annotation at the wrong time."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlparse
from xml.etree import ElementTree as Xml

import pympi
import pytest

from tests.builders import observation
from tests.stages.write.made import export, smile, source

# From the schema EAFv3.0: the order of children, and the attributes that must be there.
CHILDREN = {
    "ANNOTATION_DOCUMENT": ["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE"],
    "HEADER": ["MEDIA_DESCRIPTOR", "PROPERTY"],
    "TIME_ORDER": ["TIME_SLOT"],
    "TIER": ["ANNOTATION"],
    "ANNOTATION": ["ALIGNABLE_ANNOTATION"],
    "ALIGNABLE_ANNOTATION": ["ANNOTATION_VALUE"],
}
REQUIRED = {
    "ANNOTATION_DOCUMENT": {"AUTHOR", "DATE", "VERSION"},
    "MEDIA_DESCRIPTOR": {"MEDIA_URL", "MIME_TYPE"},
    "TIME_SLOT": {"TIME_SLOT_ID"},
    "TIER": {"TIER_ID", "LINGUISTIC_TYPE_REF"},
    "ALIGNABLE_ANNOTATION": {"ANNOTATION_ID", "TIME_SLOT_REF1", "TIME_SLOT_REF2"},
    "LINGUISTIC_TYPE": {"LINGUISTIC_TYPE_ID"},
}


def check(element: Xml.Element) -> None:
    """Check one element and all below it against the schema."""
    assert set(element.attrib) >= REQUIRED.get(element.tag, set())
    order = [CHILDREN[element.tag].index(child.tag) for child in element]
    assert order == sorted(order)
    for child in element:
        check(child)


def test_pympi_reads_every_episode_back(tmp_path: Path) -> None:
    eaf = pympi.Eaf(str(export("elan", tmp_path, smile(faces=2))))
    assert set(eaf.get_tier_names()) == {
        f"face{face} {tier}" for face in (0, 1) for tier in ("AU12", "happiness", "blink", "micro fear")
    }
    ((begin, end, text),) = eaf.get_annotation_data_for_tier("face1 happiness")
    assert (begin, end) == (pytest.approx(1000, abs=60), pytest.approx(2000, abs=60))
    assert text == "happiness 93 %"
    ((begin, end, text),) = eaf.get_annotation_data_for_tier("face0 AU12")
    assert text == "AU12 3.5 D left"
    assert end - begin == pytest.approx(1000, abs=120)
    assert eaf.get_annotation_data_for_tier("face0 micro fear") == [(400, 520, "fear 0.70 px")]
    assert eaf.get_parameters_for_tier("face1 blink")["PARTICIPANT"] == "face1"


def test_the_file_follows_the_schema_and_no_two_annotations_share_a_time_slot(tmp_path: Path) -> None:
    root = Xml.parse(export("elan", tmp_path, smile(faces=2))).getroot()
    check(root)
    slots = [slot.attrib for slot in root.iter("TIME_SLOT")]
    times = [int(slot["TIME_VALUE"]) for slot in slots]
    assert times == sorted(times)
    used = [item.attrib[f"TIME_SLOT_REF{end}"] for item in root.iter("ALIGNABLE_ANNOTATION") for end in (1, 2)]
    assert sorted(used) == sorted(slot["TIME_SLOT_ID"] for slot in slots)
    ids = [item.attrib["ANNOTATION_ID"] for item in root.iter("ALIGNABLE_ANNOTATION")]
    assert len(set(ids)) == len(ids) == 8


def test_the_video_is_linked_by_full_and_by_relative_path(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    video = tmp_path / "ein Gespräch.mp4"
    video.write_bytes(b"")
    path = export("elan", tmp_path / "out", source=source(str(video)))
    (link,) = pympi.Eaf(str(path)).media_descriptors
    assert link["MIME_TYPE"] == "video/mp4"
    assert Path(unquote(urlparse(link["MEDIA_URL"]).path)) == video
    assert (path.parent / unquote(link["RELATIVE_MEDIA_URL"])).resolve() == video


def test_a_recording_without_faces_gives_a_file_without_tiers(tmp_path: Path) -> None:
    path = export("elan", tmp_path, iter([observation(0)]))
    check(Xml.parse(path).getroot())
    assert not list(pympi.Eaf(str(path)).get_tier_names())
