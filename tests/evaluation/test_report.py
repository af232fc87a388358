"""If these fail, the page that people look at lacks a number, asks the network for things, or breaks on odd names."""

from __future__ import annotations

import copy
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from mimika.data.errors import OutputError
from mimika.evaluation.charts import SERIES, Point, accuracy_over_time
from mimika.evaluation.compare import Comparison, compare
from mimika.evaluation.datasets import open_set
from mimika.evaluation.report import write_report
from mimika.evaluation.run import evaluate
from mimika.evaluation.subjects import open_subject
from tests.evaluation import made

LOOKS = {"happy": ["happiness"] * 6, "sad": ["sadness"] * 4 + ["anger"] * 2, "fear": ["fear"] * 3}


class Reader(HTMLParser):
    """Collects the text and the attributes of a page, and holds it to closing what it opens."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.words, self.attributes, self.tags = [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in {"meta"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def results(folder):
    """A comparison of one made network, with corruptions and duplicates."""
    faces = open_set(made.class_folders(folder / "faces", LOOKS), crop="tight")
    return compare(
        Comparison([faces], [str(made.classifier(folder))], folder / "out", corrupted=[0], known=[(0, faces)])
    ) | {"command": "mimika compare <faces> & more"}


def read(results, folder):
    return Reader(write_report(results, folder).read_text("utf-8"))


def test_every_part_is_on_the_page(results, folder):
    page = read(results, folder / "whole")
    for part in ("86.7", "66.7–100.0", "macro-F1", "ECE", "Accuracy over time", "Answering only when sure"):
        assert part in page.text, part
    for part in ("taken for what", "occluded mouth", "face side 24 px", "crop off ±10 %", "Pictures seen in training"):
        assert part in page.text, part
    assert page.tags.count("svg") == 3
    assert "mimika compare <faces> & more" in page.text


def test_the_page_asks_for_nothing_from_anywhere(results, folder):
    page = read(results, folder / "offline")
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    for name, value in page.attributes:
        assert "//" not in (value or ""), (name, value)
        if name in {"href", "src"}:
            assert value.startswith("#"), value
    text = (folder / "offline" / "index.html").read_text("utf-8")
    assert not re.search(r"@import|url\((?!#)", text)


def test_links_and_clips_within_the_page_lead_somewhere(results, folder):
    page = read(results, folder / "links")
    names = {value for name, value in page.attributes if name == "id"}
    assert {value[1:] for name, value in page.attributes if name == "href"} <= names


def test_charts_take_their_colours_from_the_page(results, folder):
    read(results, folder / "colours")
    text = (folder / "colours" / "index.html").read_text("utf-8")
    drawn = "".join(re.findall(r"<svg.*?</svg>", text, re.S))
    assert not re.search(r"#[0-9a-fA-F]{6}", drawn)
    for colour in set(re.findall(r"var\((--[\w]+)\)", drawn)) - {"--font"}:
        assert text.count(f"{colour}: #") == 2, f"{colour} lacks its light or its dark value"


def test_odd_names_are_text_and_no_markup(results, folder):
    odd = copy.deepcopy(results)
    for part in (odd["models"], *odd["scores"].values(), *odd["corruptions"].values()):
        part["<script>x</script>&"] = part["grey"]
    odd["errors"] = {"bad<b>": "no such file"}
    page = read(odd, folder / "odd")
    assert "script" not in page.tags
    assert "<script>x</script>&" in page.text
    assert "bad<b> could not be measured: no such file" in page.text


def test_one_evaluation_makes_a_page_too(folder):
    data = made.table(folder / "fer2013" / "test.parquet", [made.grey("happiness")] * 3, label=["happy"] * 3)
    result = evaluate(open_subject(made.classifier(folder)), open_set(data, crop="tight"))
    page = read([result], folder / "one")
    assert "100.0" in page.text
    assert page.text.startswith("How good grey is")


def test_a_program_without_expressions_has_its_line(results, folder):
    more = copy.deepcopy(results)
    more["models"]["finder"] = {"name": "finder", "sha256": None}
    name = next(iter(more["scores"]))
    more["scores"][name]["finder"] = {"n": 15, "found": 0.5, "latency_ms": {"p50": 1.0}}
    more["corruptions"][name]["finder"] = {"seek": {"found": 0.25, "ms": 2.0}}
    page = read(more, folder / "finder")
    assert "finder 25.0 – 2.0" in page.text


def test_names_of_close_models_do_not_lie_on_each_other():
    names = [f"model {number}" for number in range(SERIES + 2)]
    points = [Point(name, 1.0, 0.7 + 0.0001 * place, (0.65, 0.75)) for place, name in enumerate(names)]
    drawn = accuracy_over_time(points, names)
    heights = sorted(float(re.search(rf'y="([\d.]+)"[^>]*>{name}<', drawn)[1]) for name in names)
    assert min(after - before for before, after in pairwise(heights)) > 9


def test_a_place_that_cannot_be_written_is_named(results, folder):
    (folder / "file").write_text("", "utf-8")
    with pytest.raises(OutputError, match="file"):
        write_report(results, folder / "file")
