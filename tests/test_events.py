"""From pictures to events: someone who waits for an event must get it in every sink, once, and only after its mark."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import builders
import numpy as np
import pytest

import mimika
from mimika.data.errors import InputMissing, OptionError, OutputExists
from mimika.data.events import Event, EventRule
from mimika.data.indicators import INDICATOR_NAMES
from mimika.data.options import Options
from mimika.events import Events
from mimika.stages.write.events import EventLines, EventOutput
from mimika.temporal import Temporal

HAPPY = EventRule("happy", "p_happiness", enter=0.6, leave=0.4, lasting_s=1.0, cooldown_s=0.0)


def clip(seconds: float = 6.0, fps: float = 10.0):
    """Give a face that is happy from the second to the fourth second."""
    for number in range(round(seconds * fps)):
        best = "happiness" if 2 <= number / fps < 4 else "neutral"
        yield builders.observation(1, builders.frame(time_s=number / fps, number=number), best=best)


class Gathered:
    """A sink that keeps what it is given, and says whether it is open."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.open = False

    def __enter__(self):
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False

    def send(self, event: Event) -> None:
        assert self.open
        self.events.append(event)


def test_every_sink_gets_every_event_and_lines_are_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path, gathered = tmp_path / "events.jsonl", Gathered()
    with Events([HAPPY], sinks=[EventLines(path), EventOutput(), gathered]) as events:
        given = list(events.over(clip()))
    assert len(given) == 60
    lines = path.read_text("utf-8")
    assert capsys.readouterr().out == lines
    told = [json.loads(line) for line in lines.splitlines()]
    assert told == [event.as_json() for event in gathered.events]
    assert [(each["event"], each["phase"], each["source"]) for each in told] == [
        ("happy", "begin", "clip.mp4"),
        ("happy", "end", "clip.mp4"),
    ]
    assert events.count == 2
    assert not gathered.open
    with pytest.raises(OutputExists), Events([HAPPY], sinks=[EventLines(path)]):
        pass


def test_the_python_interface_reads_rules_and_marks_and_tells_after_an_error(tmp_path: Path):
    rules, marks = tmp_path / "rules.toml", tmp_path / "marks.csv"
    text = '[[rule]]\nname="h"\nsignal="p_happiness"\nabove=0.6\nuntil=0.4\nafter="error"\nwithin_s=1\n'
    rules.write_text(text)
    marks.write_text("name,time_s\nerror,1.5\n")
    events = mimika.Events(rules, marks)
    found = [event for observation in clip() for event in events.follow(observation)] + events.finish()
    assert [(event.phase, event.mark_s) for event in found] == [("begin", 1.5), ("end", 1.5)]
    events = mimika.Events(str(rules))
    assert [event for observation in clip() for event in events.follow(observation)] == []
    events.reset()
    found = []
    for observation in clip():
        if observation.frame.number == 15:
            events.mark("error")
        found += events.follow(observation)
    assert [event.mark_s for event in found] == pytest.approx([1.4, 1.4])
    with pytest.raises(OptionError, match="cannot be read"):
        mimika.Events(tmp_path / "none.toml")
    with pytest.raises(InputMissing):
        mimika.Events(marks=tmp_path / "none.csv")


def test_marks_that_another_program_writes_meanwhile_count(tmp_path: Path):
    path, found = tmp_path / "marks.jsonl", []
    rule = replace(HAPPY, after="error", within_s=2.0)
    events = Events([rule], growing=path)
    for observation in clip():
        if observation.frame.number == 15:
            path.write_text('{"name": "error"}\nnonsense\n')
        found += events.follow(observation)
    assert [event.phase for event in found] == ["begin", "end"]
    assert 1.4 <= found[0].mark_s <= 1.8
    assert len(events.wrong_marks) == 1


def test_the_built_in_rules_fire_on_closed_eyes_through_the_whole_chain():
    temporal, events, found = Temporal(Options(), None), Events(), []
    for number in range(200):
        seen = builders.observation(1, builders.frame(time_s=number / 10, number=number))
        eyes = np.full((1, 2), 0.0 if 100 <= number < 160 else 1.0)
        seen = temporal.follow(replace(seen, measurements=replace(seen.measurements, eye_openness=eyes)))
        found += events.follow(seen)
    assert seen.indicators.shape == (1, len(INDICATOR_NAMES))
    assert [(event.rule, event.phase) for event in found if event.rule == "eyes-closed"] == [
        ("eyes-closed", "begin"),
        ("eyes-closed", "end"),
    ]
    assert found[0].time_s == pytest.approx(13.0, abs=0.2)


def test_a_frame_without_faces_and_a_photo_bring_nothing():
    events = Events()
    assert events.follow(builders.observation(0)) == []
    assert events.follow(builders.observation(3)) == []
    assert events.finish() == []
