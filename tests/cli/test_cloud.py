"""Faces would leave unasked, a key would end up in a file, or a run would fail with the cloud."""

from __future__ import annotations

import csv
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import mimika
from mimika.cli.app import app
from mimika.cli.exit_codes import ExitCode
from mimika.data.labels import FERPLUS, LANGUAGES, TRANSLATIONS
from mimika.data.purpose import Purpose
from mimika.stages.recognize.wording import SENTENCES, SIGNS
from tests import media, provider
from tests.provider import KEY, Injector, Provider, answer_of
from tests.steady import SteadyPipeline

NOWHERE = "https://faces.invalid/v1"
"""An address that no name leads to; a request there would fail in its own way."""


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let commands use a pipeline without networks, an empty folder and a memory of their own."""
    monkeypatch.setattr("mimika.jobs.Pipeline", SteadyPipeline)
    monkeypatch.setattr("mimika.pipeline.Pipeline", SteadyPipeline)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MIMIKA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MIMIKA_DATA_DIR", str(tmp_path / "memory"))


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Provider, Injector]]:
    """A provider on loopback with an injector before it, named in the settings."""
    with provider.provided() as (served, injector):
        served.text = lambda _: answer_of("surprise", 0.97, "The brows are raised.")
        monkeypatch.setenv("MIMIKA_CLOUD_URL", injector.url)
        monkeypatch.setenv("MIMIKA_CLOUD_KEY", KEY)
        yield served, injector


def mimi(*arguments: str | Path, **more: Any) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"}, **more)


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def notes(tmp_path: Path) -> list[dict[str, Any]]:
    file = tmp_path / "memory" / "second-opinions.jsonl"
    return [json.loads(text) for text in file.read_text().splitlines()] if file.exists() else []


def no_key_in(tmp_path: Path, *results: Result) -> None:
    """Look for the key in everything that was said and written."""
    for result in results:
        assert KEY not in result.output + result.stderr
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def test_a_photo_is_refined_and_says_so(tmp_path: Path, line: tuple[Provider, Injector]) -> None:
    photo = media.photo(tmp_path / "face.png", 320, 240)
    result = mimi("analyze", photo, "--second-opinion", "every:1")
    assert result.exit_code == 0, result.output
    (row,) = rows(tmp_path / "mimika-out" / "face.csv")
    assert row["origin"] == "cloud:gpt-4.1-mini"
    assert float(row["p_surprise"]) > 0.2 > 0.1 > float(row["p_fear"])
    assert "second opinion: 1 requests to 127.0.0.1, 1 answers, 0.0000 USD; 1 rows refined" in result.stderr
    sent, done = notes(tmp_path)
    assert (sent["step"], done["outcome"], done["model"]) == ("sent", "answered", "gpt-4.1-mini")
    assert sent["bytes"] == len(line[0].jpegs()[0])
    assert "face.png" not in json.dumps([line[0].seen, notes(tmp_path)])
    no_key_in(tmp_path, result)


def test_without_the_option_nothing_is_asked(tmp_path: Path, line: tuple[Provider, Injector]) -> None:
    result = mimi("analyze", media.photo(tmp_path / "face.png", 320, 240))
    assert (result.exit_code, line[1].met) == (0, [])
    assert rows(tmp_path / "mimika-out" / "face.csv")[0]["origin"] == "local"


def test_every_row_of_a_video_file_gets_the_answer_that_is_about_it(
    tmp_path: Path, line: tuple[Provider, Injector]
) -> None:
    line[0].pause_s = 0.3
    clip = media.video(tmp_path / "clip.mp4", media.steady(20))
    result = mimi("analyze", clip, "--second-opinion", "every:1", "--save", "table")
    assert result.exit_code == 0, result.output
    found = rows(tmp_path / "mimika-out" / "clip.csv")
    assert len(found) == 20
    assert {row["origin"] for row in found} == {"cloud:gpt-4.1-mini"}, "the first frame too, though it was asked last"
    assert line[0].most_at_once == 1
    no_key_in(tmp_path, result)


@pytest.mark.parametrize("fault", ["401", "403", "404", "429:90", "500", "cut", "html", "hang"])
def test_each_failure_keeps_the_local_rows_and_says_one_line(
    tmp_path: Path, line: tuple[Provider, Injector], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    line[1].always = fault
    monkeypatch.setattr("mimika.data.cloud.CloudOptions.__post_init__", quick)
    monkeypatch.setattr("mimika.stages.recognize.asking._FIRST_S", 0.01)
    photo = media.photo(tmp_path / "face.png", 320, 240)
    result = mimi("analyze", photo, "--second-opinion", "every:1")
    assert result.exit_code == 0, result.output
    (row,) = rows(tmp_path / "mimika-out" / "face.csv")
    assert (row["origin"], row["label"], float(row["p_happiness"])) == ("local", "happiness", 0.72)
    warned = [text for text in result.stderr.splitlines() if text.startswith("warning: ")]
    assert len(warned) == 1
    assert warned[0].startswith("warning: second opinion: 1 not had (127.0.0.1: ")
    assert warned[0].endswith("); the local answer stands")
    no_key_in(tmp_path, result)


def opinions(file: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in file.read_text("utf-8").splitlines()]


def test_photos_are_asked_about_four_at_once_and_told_in_their_order(
    tmp_path: Path, line: tuple[Provider, Injector]
) -> None:
    """One after the other, a folder would take as long as all its answers together."""
    line[0].pause_s = 0.2
    names = [media.photo(tmp_path / f"{number}.png", 320, 240 + 4 * number).name for number in range(7)]
    result = mimi("analyze", *names, "--second-opinion", "every:1")
    assert result.exit_code == 0, result.output
    out = tmp_path / "mimika-out"
    assert [(row["source"], row["origin"]) for row in rows(out / "photos.csv")] == [
        (name, "cloud:gpt-4.1-mini") for name in names
    ]
    assert line[0].most_at_once == 4
    told = opinions(out / "photos-opinions.jsonl")
    assert [one["source"] for one in told] == names
    assert {(one["outcome"], one["label"], one["evidence"]) for one in told} == {
        ("answered", "surprise", "The brows are raised.")
    }
    assert told[0]["local"]["happiness"] == pytest.approx(0.72)
    assert json.loads((out / "photos.csv.meta.json").read_text())["outputs"]["opinions"] == "photos-opinions.jsonl"


def test_a_signal_ends_the_waiting_for_photos_and_loses_no_row(tmp_path: Path, line: tuple[Provider, Injector]) -> None:
    line[1].always = "hang"
    names = [media.photo(tmp_path / f"{number}.png", 320, 240 + 4 * number).name for number in range(6)]
    killer = threading.Thread(target=lambda: (met(line[1], 4), os.kill(os.getpid(), signal.SIGINT)))
    killer.start()
    result = mimi("analyze", *names, "--second-opinion", "every:1")
    killer.join()
    assert result.exit_code == 130
    found = rows(tmp_path / "mimika-out" / "photos.csv")
    assert len(found) >= 4, "those that were waiting"
    assert [row["source"] for row in found] == names[: len(found)]
    assert {row["origin"] for row in found} == {"local"}


def met(injector: Injector, count: int) -> None:
    end = time.monotonic() + 20
    while len(injector.met) < count and time.monotonic() < end:
        time.sleep(0.01)


def test_what_was_not_had_is_told_beside_the_table_and_what_was_in_the_report(
    tmp_path: Path, line: tuple[Provider, Injector]
) -> None:
    clip = media.video(tmp_path / "clip.mp4", media.steady(20))
    assert mimi("analyze", clip, "--second-opinion", "every:1", "--save", "table,report").exit_code == 0
    out = tmp_path / "mimika-out"
    assert [one["face_id"] for one in opinions(out / "clip-opinions.jsonl")] == [0]
    page = (out / "clip-report.html").read_text("utf-8")
    assert "Second opinions" in page
    assert '<td class="words wrap">The brows are raised.</td>' in page
    line[1].always = "html"
    again = mimi("analyze", clip, "--second-opinion", "every:1", "--out", "other")
    assert again.exit_code == 0, again.output
    (told,) = opinions(tmp_path / "other" / "clip-opinions.jsonl")
    assert (told["outcome"], told["label"], told["face_id"]) == ("nonsense", None, 0)
    assert "no answer of this kind of endpoint" in told["reason"]
    assert mimi("analyze", clip, "--out", "none").exit_code == 0
    assert not (tmp_path / "none" / "clip-opinions.jsonl").exists()


def quick(options: Any) -> None:
    """Wait less than a user would."""
    object.__setattr__(options, "timeout_s", 0.2)
    object.__setattr__(options, "tries", 2)


def test_python_asks_too_and_only_when_told_that_faces_may_be_sent(
    tmp_path: Path, line: tuple[Provider, Injector], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option would be taken without a word and nothing asked, or a script would send faces by accident."""
    monkeypatch.setattr("mimika.api.Pipeline", SteadyPipeline)
    monkeypatch.setattr("mimika.tracks.Pipeline", SteadyPipeline)
    photo, clip = media.photo(tmp_path / "a.png", 320, 240), media.video(tmp_path / "clip.mp4", media.steady(10))
    options = mimika.Options(second_opinion="every:1")
    (face,) = mimika.analyze_image(photo, options)
    assert (face.origin, face.opinion and face.opinion.evidence) == ("cloud:gpt-4.1-mini", "The brows are raised.")
    origins = [seen.origin(0) for seen in mimika.analyze_video(clip, options)]
    assert origins == ["cloud:gpt-4.1-mini"] * 10
    assert mimika.analyze_image(photo)[0].origin == "local"
    monkeypatch.setenv("MIMIKA_CLOUD_URL", NOWHERE)
    for ask in (mimika.analyze_image, lambda path, options: list(mimika.analyze_video(path, options))):
        with pytest.raises(mimika.OptionError, match=r"faces\.invalid; say send_faces=True"):
            ask(clip, options)
    assert len(line[0].seen) == 2


def test_nothing_is_sent_elsewhere_before_somebody_agrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMIKA_CLOUD_URL", NOWHERE)
    monkeypatch.setenv("MIMIKA_CLOUD_KEY", KEY)
    photo = media.photo(tmp_path / "face.png", 320, 240)
    result = mimi("analyze", photo, "--second-opinion", "every:1")
    assert result.exit_code == ExitCode.USAGE
    assert "A second opinion sends a picture of each face asked about (224 pixels square" in result.stderr
    assert "to faces.invalid, model gpt-4.1-mini" in result.stderr
    assert "use --yes-send-faces" in result.stderr
    assert notes(tmp_path) == []
    assert not (tmp_path / "mimika-out" / "face.csv").exists()
    no_key_in(tmp_path, result)


def test_agreement_is_asked_for_once_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mimika.cli import consent
    from mimika.data.cloud import CloudOptions
    from mimika.data.errors import OptionError
    from mimika.data.options import Options
    from mimika.settings import load

    answers, asked = [False, True], list[str]()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda text, **_: asked.append(text) or answers.pop(0))
    cloud, known = CloudOptions(url=NOWHERE), load()
    with pytest.raises(OptionError, match="not agreed to"):
        consent.agree(cloud, Options(), known, yes=False)
    consent.agree(cloud, Options(), known, yes=False)
    consent.agree(cloud, Options(), known, yes=False)
    assert len(asked) == 2
    with pytest.raises(IndexError):
        consent.agree(CloudOptions(url=NOWHERE, send="frame"), Options(), known, yes=False)


def test_without_a_key_or_a_price_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMIKA_CLOUD_URL", NOWHERE)
    monkeypatch.setattr("mimika.second._from_keyring", lambda: "")
    photo = media.photo(tmp_path / "face.png", 320, 240)
    result = mimi("analyze", photo, "--second-opinion", "unsure", "--yes-send-faces")
    assert (result.exit_code, "set MIMIKA_CLOUD_KEY" in result.stderr) == (ExitCode.USAGE, True)
    monkeypatch.setenv("MIMIKA_CLOUD_KEY", KEY)
    monkeypatch.setenv("MIMIKA_CLOUD_MODEL", "unheard-of")
    result = mimi("analyze", photo, "--second-opinion", "unsure", "--yes-send-faces")
    assert (result.exit_code, "no price is known for 'unheard-of'" in result.stderr) == (ExitCode.USAGE, True)
    assert notes(tmp_path) == []


def test_the_key_may_lie_in_the_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import keyring
    from keyring.backend import KeyringBackend

    from mimika.data.cloud import CloudOptions
    from mimika.second import key_of
    from mimika.settings import load

    class Ring(KeyringBackend):
        priority = 1  # type: ignore[assignment]

        def get_password(self, service: str, username: str) -> str | None:
            return {("mimika", "cloud"): KEY}.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            raise AssertionError("mimika writes no keys")

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    try:
        assert key_of(load({}), CloudOptions()) == KEY
        assert key_of(load({"MIMIKA_CLOUD_KEY": "sk-other"}), CloudOptions()) == "sk-other"
    finally:
        keyring.set_keyring(before)


def test_no_option_takes_a_key() -> None:
    for command in (["analyze"], ["live"], ["explain"], ["cloud", "check"], ["cloud", "estimate"]):
        assert "key" not in mimi(*command, "--help").stdout.casefold()


def test_a_purpose_that_allows_action_units_only_sends_no_face(tmp_path: Path, line: tuple[Provider, Injector]) -> None:
    from mimika.store import Store

    with Store.open(data_dir=tmp_path / "memory") as store:
        store.declare(Purpose("workplace"))
    photo = media.photo(tmp_path / "face.png", 320, 240)
    result = mimi("analyze", photo, "--second-opinion", "every:1")
    assert result.exit_code == ExitCode.USAGE
    assert "the purpose 'workplace' allows action units only" in result.stderr
    told = mimi("explain", photo)
    assert (told.exit_code, "resembles" in told.stdout, "The head" in told.stdout) == (0, False, True)
    assert line[1].met == []


def test_requests_are_in_the_audit_of_the_memory_where_there_is_one(
    tmp_path: Path, line: tuple[Provider, Injector]
) -> None:
    from mimika.store import Store

    with Store.open(data_dir=tmp_path / "memory") as store:
        store.declare(Purpose("research"))
    result = mimi("analyze", media.photo(tmp_path / "face.png", 320, 240), "--second-opinion", "every:1")
    assert result.exit_code == 0, result.output
    with Store.open(data_dir=tmp_path / "memory") as store:
        found = [entry for entry in store.audit() if entry.action == "second_opinion"]
    assert [entry.details["step"] for entry in found] == ["done", "sent"]
    assert found[0].details["tokens_out"] == provider.USAGE[1]
    assert found[1].details["bytes"] > 500
    no_key_in(tmp_path, result)


def test_an_estimate_sends_nothing_and_names_the_price(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIMIKA_CLOUD_URL", NOWHERE)
    clip = media.video(tmp_path / "clip.mp4", media.steady(50))
    photo = media.photo(tmp_path / "face.png", 320, 240)
    told = mimi("cloud", "estimate", clip, photo, "--second-opinion", "every:0.5", "--json")
    assert told.exit_code == 0, told.output
    value = json.loads(told.stdout)
    assert (value["frames"], value["faces"]) == (51, 51)
    assert 2 <= value["requests"] <= 5, "not once a frame"
    assert value["cost_usd"] == pytest.approx((value["tokens_in"] * 0.4 + value["tokens_out"] * 1.6) / 1e6)
    shown = mimi("cloud", "estimate", photo, "--second-opinion", "every:1").stdout
    assert "cost: about 0.000" in shown
    assert "check it with your provider" in shown
    missing = mimi("cloud", "estimate", tmp_path / "none.png")
    assert missing.exit_code == 1
    assert notes(tmp_path) == []


def test_the_estimate_is_near_what_is_paid(tmp_path: Path, line: tuple[Provider, Injector]) -> None:
    from mimika.data.prices import price_of
    from mimika.stages.recognize.asking import tokens_in
    from mimika.stages.recognize.prompts import label_prompt
    from mimika.stages.recognize.sending import Picture

    price = price_of("gpt-4.1-mini")
    assert price is not None
    for language in LANGUAGES:
        tokens = tokens_in(price, label_prompt(language), Picture(b"", 224, 224))
        assert 250 < tokens < 1200, "a page of words, eight names and a small picture"


def test_check_asks_with_a_drawing_and_tells_how_it_went(tmp_path: Path, line: tuple[Provider, Injector]) -> None:
    result = mimi("cloud", "check")
    assert result.exit_code == 0, result.output
    assert "as asked for: surprise; The brows are raised." in result.stdout
    assert f"{provider.USAGE[0]} + {provider.USAGE[1]} tokens" in result.stdout
    (drawn,) = line[0].pictures()
    assert drawn.shape == (224, 224, 3)
    line[1].always = "401"
    failed = mimi("cloud", "check")
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr.strip() == ("error: 127.0.0.1: the key is not accepted (401); set MIMIKA_CLOUD_KEY")
    no_key_in(tmp_path, result, failed)


def test_explain_tells_from_the_measurements(tmp_path: Path) -> None:
    photo = media.photo(tmp_path / "face.png", 320, 240)
    told = mimi("explain", photo)
    assert told.exit_code == 0, told.output
    assert not (tmp_path / "memory").exists(), "nothing is written for a look"
    assert told.stdout.startswith("The expression resembles happiness most (72 %), then ")
    assert "turned 10° to the person's right" in told.stdout
    assert told.stdout.strip().endswith("This describes a picture, not what the person feels.")
    clip = media.video(tmp_path / "clip.mp4", media.steady(50))
    value = json.loads(mimi("explain", f"{clip}@1.0", "--language", "ru", "--json").stdout)
    assert (value["origin"], "радость" in value["text"]) == ("local", True)
    assert value["time_s"] >= 1.0
    for wrong, words in (
        (f"{clip}@9", "no frame in the chosen time"),
        (f"{clip}@x", "VIDEO@SECONDS"),
        (clip, "which moment"),
    ):
        failed = mimi("explain", wrong)
        assert failed.exit_code != 0
        assert words in failed.stderr
    assert "no face 3 to explain" in mimi("explain", photo, "--face", "3").stderr


def test_explain_by_the_cloud_is_given_the_measurements(tmp_path: Path, line: tuple[Provider, Injector]) -> None:
    photo = media.photo(tmp_path / "face.png", 320, 240)
    line[0].text = lambda _: "The lip corners are raised,\nwhich resembles happiness."
    told = mimi("explain", photo, "--cloud")
    assert told.stdout.strip() == "The lip corners are raised, which resembles happiness."
    assert "resembles happiness most (72 %)" in line[0].seen[0]["messages"][1]["content"][0]["text"]
    line[1].always = "500"
    local = mimi("explain", photo, "--cloud")
    assert local.exit_code == 0
    assert local.stdout.startswith("The expression resembles happiness most")
    assert "the endpoint fails (500); told from the measurements alone" in local.stderr
    no_key_in(tmp_path, told, local)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word(language: str) -> None:
    """A person who reads another language would find a hole, or the words of English."""
    assert set(SIGNS[language]) == set(SIGNS["en"])
    assert set(SENTENCES[language]) == set(SENTENCES["en"])
    assert set(TRANSLATIONS[language]) >= set(FERPLUS)
    if language != "en":
        for words in (SIGNS, SENTENCES):
            same = [key for key, text in words[language].items() if text == words["en"][key] and key != "of five"]
            assert same == []
