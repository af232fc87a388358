"""What a vision-language model is asked, in four languages, and the shape its answer must have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mimika.data.labels import FERPLUS, TRANSLATIONS

VERSION = 1
"""Raised when the words below change, so that answers kept from another wording are not taken for these."""

_TASK = {
    "en": (
        "You look at one picture of a face and say which facial expression it resembles. Choose from this closed list: "
        "{labels}. Judge only what can be seen (brows, lids, nose, lips, jaw); say nothing about who the person is, "
        "about age, sex, origin, health, or about what the person feels or thinks. Answer with JSON: `label` is the "
        "closest name of the list, `probabilities` gives each of the eight names a number from 0 to 1, together 1, "
        "honest about your doubt, and `evidence` is one short English sentence on the visible signs."
    ),
    "ru": (
        "Перед тобой одно изображение лица. Скажи, на какое выражение оно похоже. Выбирай из закрытого списка: "
        "{labels}. Суди только по видимому (брови, веки, нос, губы, челюсть); ничего не говори о личности, возрасте, "
        "поле, происхождении, здоровье, о чувствах и мыслях человека. Ответь в JSON: `label` — ближайшее название из "
        "списка по-английски, `probabilities` — для каждого из восьми названий число от 0 до 1, в сумме 1, честно "
        "показывая сомнение, `evidence` — одно короткое предложение по-русски о видимых признаках."
    ),
    "uk": (
        "Перед тобою одне зображення обличчя. Скажи, на який вираз воно схоже. Обирай із закритого списку: {labels}. "
        "Суди лише за видимим (брови, повіки, ніс, губи, щелепа); нічого не кажи про особу, вік, стать, походження, "
        "здоров’я, про почуття й думки людини. Відповідай у JSON: `label` — найближча назва зі списку англійською, "
        "`probabilities` — для кожної з восьми назв число від 0 до 1, разом 1, чесно показуючи сумнів, `evidence` — "
        "одне коротке речення українською про видимі ознаки."
    ),
    "kk": (
        "Алдыңда бір беттің суреті бар. Оның қай мимикаға ұқсайтынын айт. Мына жабық тізімнен таңда: {labels}. Тек "
        "көрінетінге сүйен (қас, қабақ, мұрын, ерін, жақ); адамның кім екені, жасы, жынысы, шыққан тегі, денсаулығы, "
        "сезімі мен ойы туралы ештеңе айтпа. JSON түрінде жауап бер: `label` — тізімдегі ең жақын атау (ағылшынша), "
        "`probabilities` — сегіз атаудың әрқайсысына 0-ден 1-ге дейінгі сан, қосындысы 1, күмәніңді шынайы көрсет, "
        "`evidence` — көрінетін белгілер туралы қазақша бір қысқа сөйлем."
    ),
}  # fmt: skip

_EXPLAIN = {
    "en": (
        "Explain in one short paragraph of plain English what this face shows, for somebody who sees the picture. Rely "
        "on the measurements below and on what is visible; where the two differ, say so. Speak of the expression the "
        "face resembles, never of what the person feels; say nothing about who the person is."
    ),
    "ru": (
        "Объясни одним коротким абзацем простым русским языком, что показывает это лицо, для того, кто видит снимок. "
        "Опирайся на измерения ниже и на видимое; если они расходятся, скажи об этом. Говори о выражении, на которое "
        "лицо похоже, но не о чувствах человека; не говори, кто это."
    ),
    "uk": (
        "Поясни одним коротким абзацом простою українською, що показує це обличчя, для того, хто бачить знімок. "
        "Спирайся на виміри нижче та на видиме; якщо вони розходяться, скажи про це. Говори про вираз, на який обличчя "
        "схоже, але не про почуття людини; не кажи, хто це."
    ),
    "kk": (
        "Осы бет не көрсететінін суретті көріп тұрған адамға қазақша бір қысқа абзацпен түсіндір. Төмендегі өлшемдерге "
        "және көрінетінге сүйен; айырмашылық болса, айт. Бет ұқсайтын мимика туралы айт, адамның сезімі туралы айтпа; "
        "оның кім екенін айтпа."
    ),
}  # fmt: skip

_WHERE = {
    "en": "The face meant is the one around {x:.0f} % from the left and {y:.0f} % from the top.",
    "ru": "Имеется в виду лицо примерно в {x:.0f} % от левого и {y:.0f} % от верхнего края.",
    "uk": "Мається на увазі обличчя приблизно за {x:.0f} % від лівого та {y:.0f} % від верхнього краю.",
    "kk": "Сол жақтан шамамен {x:.0f} %, жоғарыдан {y:.0f} % жердегі бет туралы айтылып отыр.",
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request in words: `system` says what is to be done, `user` goes with the picture; `schema` of the answer."""

    system: str
    user: str
    schema: dict[str, Any] | None = None


def label_prompt(language: str, place: tuple[float, float] | None = None) -> Prompt:
    """Return the question for the expression; `place` 0..1 says where in a whole picture the face is."""
    listed = ", ".join(f"{name} ({TRANSLATIONS[language][name]})" if language != "en" else name for name in FERPLUS)
    return Prompt(_TASK[language].format(labels=listed), _where(language, place) or "JSON:", answer_schema())


def explain_prompt(language: str, facts: str, place: tuple[float, float] | None = None) -> Prompt:
    """Return the question for a paragraph grounded in `facts`, the measurements in words."""
    return Prompt(_EXPLAIN[language], "\n".join(part for part in (facts, _where(language, place)) if part))


def answer_schema() -> dict[str, Any]:
    """Return the JSON schema of an answer, strict: every name, nothing else."""
    return {
        "type": "object",
        "properties": {
            "label": {"type": "string", "enum": list(FERPLUS)},
            "probabilities": {
                "type": "object",
                "properties": {name: {"type": "number"} for name in FERPLUS},
                "required": list(FERPLUS),
                "additionalProperties": False,
            },
            "evidence": {"type": "string"},
        },
        "required": ["label", "probabilities", "evidence"],
        "additionalProperties": False,
    }


def tokens_of(text: str) -> int:
    """Return about how many tokens a text counts: four letters each in English, two in Cyrillic, rounded up."""
    plain = len(re.findall(r"[\x00-\x7f]", text))
    return plain // 4 + (len(text) - plain) // 2 + 8


def _where(language: str, place: tuple[float, float] | None) -> str:
    return "" if place is None else _WHERE[language].format(x=100 * place[0], y=100 * place[1])
