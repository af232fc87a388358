"""The words of an explanation in four languages: what can be seen of each movement, and the sentences around them."""

from __future__ import annotations

SIGNS: dict[str, dict[str, str]] = {
    "en": {
        "AU1": "inner brows raised", "AU2": "outer brows raised", "AU4": "brows lowered", "AU5": "upper lids raised",
        "AU6": "cheeks raised", "AU7": "lids tightened", "AU9": "nose wrinkled", "AU10": "upper lip raised",
        "AU12": "lip corners pulled up", "AU14": "dimples pressed in", "AU15": "lip corners pulled down",
        "AU16": "lower lip drawn down", "AU17": "chin raised", "AU18": "lips puckered",
        "AU20": "lips stretched sideways", "AU22": "lips funnelled", "AU23": "lips tightened",
        "AU24": "lips pressed together", "AU25": "lips parted",
        "AU26": "jaw dropped", "AU27": "mouth wide open", "AU28": "lips sucked in", "AU43": "eyes closed",
    },
    "ru": {
        "AU1": "внутренние части бровей подняты", "AU2": "внешние части бровей подняты", "AU4": "брови опущены",
        "AU5": "верхние веки подняты", "AU6": "щёки приподняты", "AU7": "веки напряжены", "AU9": "нос наморщен",
        "AU10": "верхняя губа поднята", "AU12": "уголки губ подняты", "AU14": "ямочки у рта",
        "AU15": "уголки губ опущены", "AU16": "нижняя губа оттянута вниз", "AU17": "подбородок поднят",
        "AU18": "губы собраны", "AU20": "губы растянуты в стороны", "AU22": "губы вытянуты трубочкой",
        "AU23": "губы напряжены", "AU24": "губы сжаты", "AU25": "губы разомкнуты", "AU26": "челюсть опущена",
        "AU27": "рот широко открыт", "AU28": "губы втянуты", "AU43": "глаза закрыты",
    },
    "uk": {
        "AU1": "внутрішні частини брів підняті", "AU2": "зовнішні частини брів підняті", "AU4": "брови опущені",
        "AU5": "верхні повіки підняті", "AU6": "щоки підняті", "AU7": "повіки напружені", "AU9": "ніс зморщений",
        "AU10": "верхня губа піднята", "AU12": "кутики губ підняті", "AU14": "ямочки біля рота",
        "AU15": "кутики губ опущені", "AU16": "нижня губа відтягнута вниз", "AU17": "підборіддя підняте",
        "AU18": "губи зібрані", "AU20": "губи розтягнуті в боки", "AU22": "губи витягнуті трубочкою",
        "AU23": "губи напружені", "AU24": "губи стиснуті", "AU25": "губи розімкнені", "AU26": "щелепа опущена",
        "AU27": "рот широко відкритий", "AU28": "губи втягнуті", "AU43": "очі заплющені",
    },
    "kk": {
        "AU1": "қастың ішкі жағы көтерілген", "AU2": "қастың сыртқы жағы көтерілген", "AU4": "қас түсірілген",
        "AU5": "жоғарғы қабақ көтерілген", "AU6": "бет көтерілген", "AU7": "қабақ қысылған", "AU9": "мұрын тыржиған",
        "AU10": "жоғарғы ерін көтерілген", "AU12": "езу көтерілген", "AU14": "ауыз жанында шұңқыршық",
        "AU15": "езу түсірілген", "AU16": "төменгі ерін төмен тартылған", "AU17": "иек көтерілген",
        "AU18": "ерін шүртиген", "AU20": "ерін екі жаққа керілген", "AU22": "ерін алға созылған",
        "AU23": "ерін тартылған", "AU24": "ерін қысылған", "AU25": "ерін ашық", "AU26": "жақ түсірілген",
        "AU27": "ауыз кең ашық", "AU28": "ерін ішке тартылған", "AU43": "көз жұмулы",
    },
}  # fmt: skip
"""What can be seen of each action unit, by language."""

SENTENCES: dict[str, dict[str, str]] = {
    "en": {
        "only": "The expression resembles {first} ({share:.0f} %).",
        "sure": "The expression resembles {first} most ({share:.0f} %), then {second} ({then:.0f} %).",
        "unsure": "No expression stands out: it resembles {first} most ({share:.0f} %), then {second} ({then:.0f} %), "
        "which is too little to decide.",
        "signs": "What can be seen: {signs}.", "no signs": "Hardly any movement is measured.",
        "of five": "{sign} ({value} of 5{side})", "left": ", more on the person's left",
        "right": ", more on the person's right", "straight": "The head faces the camera.",
        "head": "The head is {parts}.", "turn left": "turned {value:.0f}° to the person's left",
        "turn right": "turned {value:.0f}° to the person's right", "up": "raised by {value:.0f}°",
        "down": "lowered by {value:.0f}°", "tilt": "tilted by {value:.0f}°",
        "far": "So far from the front, what is read is less certain.",
        "opinion": "{origin} names {label} ({share:.0f} %){evidence}.",
        "end": "This describes a picture, not what the person feels.",
    },
    "ru": {
        "only": "Выражение похоже на «{first}» ({share:.0f} %).",
        "sure": "Больше всего выражение похоже на «{first}» ({share:.0f} %), затем на «{second}» ({then:.0f} %).",
        "unsure": "Ни одно выражение не выделяется: больше всего похоже на «{first}» ({share:.0f} %), затем на "
        "«{second}» ({then:.0f} %), для решения этого мало.",
        "signs": "Видно: {signs}.", "no signs": "Движений почти не измерено.",
        "of five": "{sign} ({value} из 5{side})", "left": ", сильнее слева для человека",
        "right": ", сильнее справа для человека", "straight": "Голова обращена к камере.",
        "head": "Голова {parts}.", "turn left": "повёрнута на {value:.0f}° влево от человека",
        "turn right": "повёрнута на {value:.0f}° вправо от человека", "up": "поднята на {value:.0f}°",
        "down": "опущена на {value:.0f}°", "tilt": "наклонена на {value:.0f}°",
        "far": "При таком повороте прочитанное менее надёжно.",
        "opinion": "{origin} называет «{label}» ({share:.0f} %){evidence}.",
        "end": "Это описание снимка, а не того, что человек чувствует.",
    },
    "uk": {
        "only": "Вираз схожий на «{first}» ({share:.0f} %).",
        "sure": "Найбільше вираз схожий на «{first}» ({share:.0f} %), далі на «{second}» ({then:.0f} %).",
        "unsure": "Жоден вираз не виділяється: найбільше схоже на «{first}» ({share:.0f} %), далі на «{second}» "
        "({then:.0f} %), для рішення цього замало.",
        "signs": "Видно: {signs}.", "no signs": "Рухів майже не виміряно.",
        "of five": "{sign} ({value} із 5{side})", "left": ", сильніше ліворуч для людини",
        "right": ", сильніше праворуч для людини", "straight": "Голова звернена до камери.",
        "head": "Голова {parts}.", "turn left": "повернута на {value:.0f}° ліворуч від людини",
        "turn right": "повернута на {value:.0f}° праворуч від людини", "up": "піднята на {value:.0f}°",
        "down": "опущена на {value:.0f}°", "tilt": "нахилена на {value:.0f}°",
        "far": "За такого повороту прочитане менш надійне.",
        "opinion": "{origin} називає «{label}» ({share:.0f} %){evidence}.",
        "end": "Це опис знімка, а не того, що людина відчуває.",
    },
    "kk": {
        "only": "Мимика «{first}» дегенге ұқсайды ({share:.0f} %).",
        "sure": "Мимика ең көп «{first}» дегенге ұқсайды ({share:.0f} %), содан кейін «{second}» ({then:.0f} %).",
        "unsure": "Бірде-бір мимика айқын емес: ең көп «{first}» дегенге ұқсайды ({share:.0f} %), содан кейін "
        "«{second}» ({then:.0f} %), шешуге бұл аз.",
        "signs": "Көрінетіні: {signs}.", "no signs": "Қозғалыс өлшенбеді деуге болады.",
        "of five": "{sign} (5-тен {value}{side})", "left": ", адамның сол жағында күштірек",
        "right": ", адамның оң жағында күштірек", "straight": "Бас камераға қараған.",
        "head": "Бас {parts}.", "turn left": "адамның сол жағына {value:.0f}° бұрылған",
        "turn right": "адамның оң жағына {value:.0f}° бұрылған", "up": "{value:.0f}° көтерілген",
        "down": "{value:.0f}° түсірілген", "tilt": "{value:.0f}° қисайған",
        "far": "Мұндай бұрылыста оқылғанның сенімділігі төмен.",
        "opinion": "{origin} «{label}» дейді ({share:.0f} %){evidence}.",
        "end": "Бұл суреттің сипаттамасы, адамның не сезетіні емес.",
    },
}  # fmt: skip
"""Sentences by language; the parts in braces are filled in."""
