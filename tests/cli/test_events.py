"""A user asks for events: they must come where asked, with a clear word about what is wrong, and keep no secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mimika.cli.events import without_secrets
from tests import media
from tests.cli.test_commands import mimi, steady
from tests.stages.write.test_webhook import SIGNATURE, Receiver, receiver

__all__ = ["receiver", "steady"]

RULES = """[[rule]]
name = "smiling"
signal = "p_happiness"
above = 0.6
until = 0.4
lasting_s = 0.1
message = "smiles"
suggest = "smile back"
"""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    (tmp_path / "rules.toml").write_text(RULES)
    return media.video(tmp_path / "clip.mp4", media.steady(10))


def test_events_go_to_a_file_and_to_the_terminal(film: Path, tmp_path: Path) -> None:
    result = mimi("analyze", film, "--events", "events.jsonl", "--rules", "rules.toml", "--json")
    assert result.exit_code == 0, result.stderr
    told = [json.loads(line) for line in Path("events.jsonl").read_text("utf-8").splitlines()]
    assert [(each["event"], each["phase"], each["face_id"]) for each in told] == [
        ("smiling", "begin", 0),
        ("smiling", "end", 0),
    ]
    assert told[0]["source"] == str(film)
    assert "face 0: smiles" in result.stderr
    json.loads(result.stdout)
    again = mimi("analyze", film, "--events", "events.jsonl", "--rules", "rules.toml", "--quiet")
    assert again.exit_code == 3
    assert "events.jsonl: exists already" in again.stderr


def test_an_input_is_never_overwritten_by_its_events(film: Path) -> None:
    before = film.read_bytes()
    result = mimi("analyze", film, "--events", film, "--force")
    assert result.exit_code == 3
    assert "is the input itself" in result.stderr
    assert film.read_bytes() == before


def test_standard_output_holds_events_only(film: Path) -> None:
    result = mimi("analyze", film, "--events", "-", "--rules", "rules.toml")
    assert result.exit_code == 0, result.stderr
    assert [json.loads(line)["phase"] for line in result.stdout.splitlines()] == ["begin", "end"]
    refused = mimi("analyze", film, "--events", "-", "--json", "--force")
    assert refused.exit_code == 2
    assert "events: expected a file together with --json" in refused.stderr


def test_a_webhook_gets_signed_events_and_its_address_is_not_kept(film: Path, receiver: Receiver) -> None:
    result = mimi(
        *("analyze", film, "--webhook", receiver.url, "--rules", "rules.toml", "--quiet"),
        env={"MIMIKA_WEBHOOK_SECRET": "s3cret"},
    )
    assert result.exit_code == 0, result.stderr
    assert [json.loads(body)["phase"] for _, _, body in receiver.requests] == ["begin", "end"]
    assert all(SIGNATURE in headers for _, headers, _ in receiver.requests)
    assert result.stderr == ""
    receiver.answers = [404, 404]
    failed = mimi("analyze", film, "--webhook", receiver.url, "--rules", "rules.toml", "--force")
    assert "webhook 127.0.0.1: 2 events not delivered (2 × answer 404)" in failed.stderr.replace("\n", " ")
    assert "key=1" not in failed.stderr


def test_the_kept_command_hides_the_address() -> None:
    hidden = ["mimika", "--webhook", "(not kept)", "--webhook=(not kept)", "x.mp4"]
    assert without_secrets(["mimika", "--webhook", "https://a/b", "--webhook=https://a/b", "x.mp4"]) == hidden


@pytest.mark.parametrize(
    ("arguments", "code", "wanted"),
    [
        (("--rules", "none.toml"), 2, "rules: none.toml cannot be read"),
        (("--marks", "none.csv"), 1, "none.csv: there is no such file of marks"),
        (("--webhook", "example"), 2, "webhook: expected an address"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_written(film: Path, arguments, code: int, wanted: str) -> None:
    result = mimi("analyze", film, *arguments)
    assert result.exit_code == code
    assert wanted in result.stderr
    assert not Path("mimika-out").exists()


def test_live_tells_events_too(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = mimi("live", "--camera", film, "--events", "-", "--rules", "rules.toml")
    assert result.exit_code == 0, result.stderr
    assert [json.loads(line)["event"] for line in result.stdout.splitlines()] == ["smiling", "smiling"]
