"""A cloud answer would be misread, or a good one thrown away."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mimika.data.errors import CloudError
from mimika.data.labels import FERPLUS, TRANSLATIONS
from mimika.stages.recognize.answers import WORD_SURENESS, read
from tests.provider import answer_of


def test_an_answer_in_the_shape_that_was_asked_for_is_taken_as_it_is() -> None:
    said = read(answer_of("fear", 0.65, "The  eyes are\nwide."))
    assert (said.label, said.repaired, said.evidence) == ("fear", False, "The eyes are wide.")
    assert said.probabilities[FERPLUS.index("fear")] == pytest.approx(0.65)
    assert said.probabilities.sum() == pytest.approx(1)


def test_a_fence_and_percent_are_no_obstacle() -> None:
    shares = {name: 100.0 * (name == "anger") for name in FERPLUS}
    text = f"```json\n{json.dumps({'label': 'anger', 'probabilities': shares, 'evidence': ''})}\n```"
    said = read(text)
    assert (said.label, said.repaired) == ("anger", False)
    assert said.probabilities[FERPLUS.index("anger")] == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("happy", "happiness"), ("Happy.", "happiness"), ("**Sadness**", "sadness"), ("unhappy", "sadness"),
        ("The face looks surprised", "surprise"), ('{"label": "angry"}', "anger"),
        ('{"emotion": "Neutral"}', "neutral"), ("счастлив", "happiness"), ("Нейтральный.", "neutral"),
        ("Несчастный", "sadness"), ("злость", "anger"),
        ("Удивление!", "surprise"), ("испуг", "fear"), ("презрительное", "contempt"), ("сердитый", "anger"),
        ("щасливий", "happiness"), ("Сумний", "sadness"), ("здивований", "surprise"), ("огида", "disgust"),
        ("зневага", "contempt"), ("переляк", "fear"), ("спокійний", "neutral"), ("розлючений", "anger"),
        ("қуанышты", "happiness"), ("Бейтарап", "neutral"), ("таңданған", "surprise"), ("ашулы", "anger"),
        ("қорқынышты", "fear"), ("жиіркенішті", "disgust"), ("мұңды", "sadness"), ("менсінбеушілік", "contempt"),
    ],
)  # fmt: skip
def test_one_word_in_four_languages_is_mended(text: str, label: str) -> None:
    said = read(text)
    assert (said.label, said.repaired) == (label, True)
    assert said.probabilities.max() == pytest.approx(WORD_SURENESS)
    assert said.probabilities.sum() == pytest.approx(1)


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_our_own_words_for_the_expressions_are_understood(language: str) -> None:
    for name in FERPLUS:
        assert read(TRANSLATIONS[language][name]).label == name


@pytest.mark.parametrize(
    "text",
    [
        "", "42", "bored", "happy or sad", "not happy", "не радость", "{}", '{"label": "bored"}', "[1, 2]", "{broken",
        '{"label": "happiness", "probabilities": {"happiness": 1}, "evidence": ""}',
        answer_of("happiness").replace('"label": "happiness"', '"label": "anger"'),
        answer_of("happiness").replace("0.8", "7"), answer_of("happiness").replace("0.8", "-0.8"),
        answer_of("happiness").replace("0.8", "NaN"), answer_of("happiness").replace("0.8", "true"),
        "The person in this picture has a complicated look with a happy mouth and it is hard to say more about it",
    ],
)  # fmt: skip
def test_nonsense_is_no_answer(text: str) -> None:
    with pytest.raises(CloudError) as caught:
        read(text)
    assert caught.value.kind == "nonsense"


@pytest.mark.parametrize(
    "text",
    ["I'm sorry, but I can't help with identifying people.", "Извините, я не могу определить.", "Вибачте, не можу."],
)
def test_a_refusal_in_words_is_known_as_one(text: str) -> None:
    with pytest.raises(CloudError) as caught:
        read(text)
    assert caught.value.kind == "refused"


def test_evidence_is_text_from_outside_and_stays_short() -> None:
    said = read(answer_of("fear", evidence="x" * 5000))
    assert len(said.evidence) == 400
    assert np.isfinite(said.probabilities).all()
