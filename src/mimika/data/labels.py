"""The vocabularies, in the order in which the networks give them."""

from __future__ import annotations

FERPLUS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
"""The eight FER+ expressions in the order of its vote columns.

Source: Barsoum, Zhang, Canton Ferrer, Zhang, "Training deep networks for facial expression recognition with
crowd-sourced label distribution", ICMI 2016.
"""

FER2013 = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""The seven FER-2013 classes in the order of its label numbers.

Source: Goodfellow et al., "Challenges in representation learning: a report on three machine learning contests", 2013.
"""

UNSURE = "unsure"
"""The label written when the two most likely expressions are too close to call."""

TRANSLATIONS: dict[str, dict[str, str]] = {
    "en": {
        "neutral": "neutral", "happiness": "happiness", "surprise": "surprise", "sadness": "sadness", "anger": "anger",
        "disgust": "disgust", "fear": "fear", "contempt": "contempt", "unsure": "unsure",
    },
    "ru": {
        "neutral": "нейтральное", "happiness": "радость", "surprise": "удивление", "sadness": "грусть", "anger": "гнев",
        "disgust": "отвращение", "fear": "страх", "contempt": "презрение", "unsure": "неясно",
    },
    "uk": {
        "neutral": "нейтральне", "happiness": "радість", "surprise": "здивування", "sadness": "смуток", "anger": "гнів",
        "disgust": "відраза", "fear": "страх", "contempt": "зневага", "unsure": "неясно",
    },
    "kk": {
        "neutral": "бейтарап", "happiness": "қуаныш", "surprise": "таңданыс", "sadness": "мұң", "anger": "ашу",
        "disgust": "жиіркеніш", "fear": "қорқыныш", "contempt": "менсінбеу", "unsure": "белгісіз",
    },
}  # fmt: skip
"""Expression names by language code; tables are written in English, pictures and pages in the reader's language."""

LANGUAGES = tuple(TRANSLATIONS)
