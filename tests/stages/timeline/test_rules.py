"""Someone who writes rules must be told what is wrong, where, and what is allowed; marks likewise."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimika.data.errors import InputCorrupt, InputMissing, OptionError
from mimika.data.events import EventRule, Mark
from mimika.stages.timeline.marks import MarkFile, load_marks
from mimika.stages.timeline.rules import FIELDS, default_rules, default_text, load_rules, read_rules
from mimika.stages.timeline.signals import SIGNALS

GOOD = 'name = "a"\nsignal = "drowsiness"\nabove = 0.6\nuntil = 0.4\n'


def rules(*tables: str) -> tuple[EventRule, ...]:
    return read_rules("\n".join(f"[[rule]]\n{table}" for table in tables), "my.toml")


def test_the_default_rules_are_whole_and_the_page_shows_them(root: Path):
    found = default_rules()
    assert [rule.name for rule in found][:2] == ["drowsy", "eyes-closed"]
    assert {rule.after for rule in found} == {"", "error"}
    assert all(rule.message and rule.suggest and rule.signal in SIGNALS for rule in found)
    page = (root / "docs" / "how-to" / "events.md").read_text("utf-8")
    assert default_text().split("\n\n", 1)[1] in page
    assert all(f"`{field}`" in page for field in FIELDS)


def test_a_rule_says_all_that_it_can():
    text = GOOD + 'lasting_s = 20\ncooldown_s = 300\nbridge_s = 2.5\nmessage = "müde"\nsuggest = "break"\n'
    found = rules(text + 'after = "error"\nwithin_s = 4', GOOD.replace('"a"', '"b"'))
    assert found[0] == EventRule("a", "drowsiness", 0.6, 0.4, 20, 300, 2.5, "müde", "break", "error", 4)
    assert found[1] == EventRule("b", "drowsiness", 0.6, 0.4)
    assert rules(GOOD.replace("above = 0.6", "below = 0.2"))[0].enter == 0.2


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (GOOD.replace("drowsiness", "sleepiness"), r'rule "a": signal: expected one of .*drowsiness.*AU43, received'),
        (GOOD.replace("0.6", '"high"'), r'rule "a": above: expected a number, received \'high\''),
        (GOOD.replace("0.6", "true"), r"above: expected a number, received True"),
        (GOOD.replace("0.6", "nan"), r"above: expected a number, received nan"),
        (GOOD.replace("0.4", "0.7"), r"until: expected less than above \(0\.6\), received 0\.7"),
        (GOOD.replace("above", "below"), r"until: expected more than below \(0\.6\), received 0\.4"),
        (GOOD + "below = 0.1", r"above, below: expected one of the two, received above and below"),
        (GOOD.replace("above = 0.6\n", ""), r"above, below: expected one of the two, received neither"),
        (GOOD.replace("until = 0.4\n", ""), r"until: expected the level at which the state ends"),
        (GOOD + "lasting = 3", r'rule "a": lasting: no such field, expected name, signal, .*lasting_s'),
        (GOOD + "lasting_s = -1", r"lasting_s: expected 0\.\.86400, received -1"),
        (GOOD + "within_s = 3", r"within_s: expected together with after"),
        (GOOD + 'message = "two\\nlines"', r"message: expected one line of at most 200 letters"),
        (GOOD.replace('name = "a"\n', ""), r"rule 1: name: expected one, received nothing"),
        (GOOD.replace('"a"', "3"), r"rule 1: name: expected one line"),
    ],
)
def test_a_wrong_rule_is_named_with_its_field_and_what_is_allowed(text, wanted):
    with pytest.raises(OptionError, match=f"^rules: my.toml: .*{wanted}"):
        rules(text)


def test_a_wrong_file_is_told(tmp_path: Path):
    with pytest.raises(OptionError, match=r"no-such\.toml cannot be read"):
        load_rules(tmp_path / "no-such.toml")
    for name, content, wanted in (
        ("a.toml", b"[[rule", "is no TOML"),
        ("b.toml", b"\xff\xfe", "UTF-8"),
        ("c.toml", b"", "at least one, received none"),
        ("d.toml", b"rule = 3", "at least one"),
        ("e.toml", b"[[rules]]\nname='a'", "received also rules"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(OptionError, match=wanted):
            load_rules(tmp_path / name)
    with pytest.raises(OptionError, match=r'rule "a": name: .*received it twice'):
        rules(GOOD, GOOD)


def test_marks_are_read_from_csv_and_json_lines(tmp_path: Path):
    wanted = [Mark("error", 12.5), Mark("task 3", 20.0)]
    (tmp_path / "a.csv").write_text('time_s,name,note\n12.5,error,x\n\n20,"task 3",\n')
    (tmp_path / "b.jsonl").write_text('{"name": "error", "time_s": 12.5}\n{"time_s": 20, "name": "task 3"}\n')
    assert load_marks(tmp_path / "a.csv") == load_marks(tmp_path / "b.jsonl") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("name,time_s\nerror,soon\n", r"line 2: expected time_s in seconds, received 'soon'"),
        ("name,time_s\nerror\n", r"line 2: expected time_s"),
        ("name,time_s\n,3\n", r"line 2: expected a name"),
        ("error,3\n", r"line 1: expected a header with the columns name and time_s"),
        ('{"name": "error"}\n', r"line 1: expected time_s in seconds, received 'None'"),
        ('{"name": "error", \n', r"line 1: expected one JSON object"),
        ('{"name": "error", "time_s": Infinity}\n', r"line 1: expected time_s"),
    ],
)
def test_a_wrong_mark_is_named_with_its_line(tmp_path: Path, text, wanted):
    (tmp_path / "marks").write_text(text)
    with pytest.raises(InputCorrupt, match=wanted):
        load_marks(tmp_path / "marks")
    with pytest.raises(InputMissing):
        load_marks(tmp_path / "elsewhere")


def test_a_growing_file_gives_each_mark_once_and_a_slip_stops_nothing(tmp_path: Path):
    path = tmp_path / "marks.jsonl"
    file = MarkFile(path)
    assert file.poll(1.0) == []
    path.write_text('{"name": "error"}\n{"name": "err')
    assert file.poll(2.0) == [Mark("error", 2.0)]
    with path.open("a") as more:
        more.write('or"}\nnonsense\n{"name": "later", "time_s": 60}\n')
    assert file.poll(3.0) == [Mark("error", 3.0), Mark("later", 60.0)]
    assert file.poll(4.0) == []
    assert len(file.wrong) == 1
    assert "line 3" in file.wrong[0]


def test_of_what_was_written_before_the_watch_only_marks_with_a_time_count(tmp_path: Path):
    path = tmp_path / "marks.csv"
    path.write_text("name,time_s\nyesterday,\nplanned,30\n")
    file = MarkFile(path)
    assert file.poll(0.0) == [Mark("planned", 30.0)]
    with path.open("a") as more:
        more.write("now,\r\n")
    assert file.poll(5.0) == [Mark("now", 5.0)]
