"""Faces would leave unasked, a key would end up in a file, or a run would fail with the cloud."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import mimika
from mimika.data.labels import FERPLUS, LANGUAGES, TRANSLATIONS
from mimika.stages.recognize.wording import SENTENCES, SIGNS
from tests import media, provider
from tests.cli.cloud_line import NOWHERE, mimi, no_key_in, notes, rows
from tests.provider import Injector, Provider
from tests.steady import SteadyPipeline

pytestmark = pytest.mark.usefixtures("steady")


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
