"""Captions that say what each face shows, for any video player: WebVTT and SubRip.

Source: "WebVTT: the web video text tracks format", W3C 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mimika._version import __version__
from mimika.data.frame import SourceInfo
from mimika.data.labels import TRANSLATIONS
from mimika.stages.write.columns import plain
from mimika.stages.write.facereader import clock
from mimika.stages.write.whole import Find, Recording, WholeSink

_FACE = {"en": "face", "ru": "лицо", "uk": "обличчя", "kk": "бет"}
_KINDS = ("expression", "micro")


@dataclass(frozen=True, slots=True)
class Cue:
    """A text and when it is shown, in seconds."""

    start_s: float
    end_s: float
    text: str


class CaptionSink(WholeSink):
    """What both formats share: a cue an episode of an expression, in the reader's language."""

    def __init__(self, path: Path, source: SourceInfo, find: Find, force: bool = False, language: str = "en") -> None:
        super().__init__(path, source, find, force)
        self._language = language

    def _cues(self, recording: Recording) -> list[Cue]:
        several = len(recording.timelines) > 1
        cues = []
        for episode in recording.episodes(*_KINDS):
            words = TRANSLATIONS[self._language].get(episode.label, episode.label)
            who = f"{_FACE[self._language]} {episode.face}: " if several else ""
            start = max(episode.onset_s, 0.0)
            text = f"{who}{words} {100 * episode.peak:.0f} %"
            cues.append(Cue(start, max(episode.offset_s, start + 0.001), text))
        return cues


class WebVttSink(CaptionSink):
    """Writes a `.vtt` file."""

    def _text(self, recording: Recording) -> str:
        about = f"NOTE\n{_safe(plain(recording.source.name))}, mimika {__version__}\n"
        about += "Expressions that faces show, with the highest probability reached; not what people feel.\n"
        cues = [
            f"{number}\n{clock(cue.start_s)} --> {clock(cue.end_s)}\n{_safe(cue.text)}\n"
            for number, cue in enumerate(self._cues(recording), 1)
        ]
        return "\n".join(["WEBVTT\n", about, *cues])


class SrtSink(CaptionSink):
    """Writes an `.srt` file."""

    def _text(self, recording: Recording) -> str:
        cues = [
            f"{number}\n{_comma(cue.start_s)} --> {_comma(cue.end_s)}\n{cue.text}\n"
            for number, cue in enumerate(self._cues(recording), 1)
        ]
        return "\n".join(cues)


def _comma(time_s: float) -> str:
    return clock(time_s).replace(".", ",")


def _safe(text: str) -> str:
    """Return a text without what WebVTT would take for markup or for a cue's times."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
