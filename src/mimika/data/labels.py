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

ACTION_UNITS = (
    *("AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU9", "AU10", "AU12", "AU14", "AU15", "AU16"),
    *("AU17", "AU18", "AU20", "AU22", "AU23", "AU24", "AU25", "AU26", "AU27", "AU28", "AU43"),
)
"""The facial action units that are measured, in the order of their columns; AU43 includes the blink, AU45.

Source: Ekman, Friesen, Hager, "Facial Action Coding System: the manual", 2002.
"""

SIDED_UNITS = (
    *("AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU9", "AU10", "AU12", "AU14", "AU15", "AU16"),
    *("AU20", "AU43"),
)
"""Those whose muscle has a left and a right that can act apart; the others are of the whole mouth or jaw."""

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
