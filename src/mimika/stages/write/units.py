"""What the action units are called, and in which unit an episode's peak is.

Source: Ekman, Friesen, Hager, "Facial Action Coding System: the manual", 2002.
"""

from __future__ import annotations

from mimika.data.episodes import Episode

UNIT_NAMES = {
    "AU1": "Inner Brow Raiser", "AU2": "Outer Brow Raiser", "AU4": "Brow Lowerer", "AU5": "Upper Lid Raiser",
    "AU6": "Cheek Raiser", "AU7": "Lid Tightener", "AU9": "Nose Wrinkler", "AU10": "Upper Lip Raiser",
    "AU12": "Lip Corner Puller", "AU14": "Dimpler", "AU15": "Lip Corner Depressor", "AU16": "Lower Lip Depressor",
    "AU17": "Chin Raiser", "AU18": "Lip Puckerer", "AU20": "Lip Stretcher", "AU22": "Lip Funneler",
    "AU23": "Lip Tightener", "AU24": "Lip Pressor", "AU25": "Lips Part", "AU26": "Jaw Drop", "AU27": "Mouth Stretch",
    "AU28": "Lip Suck", "AU43": "Eyes Closed",
}  # fmt: skip


def peak_of(episode: Episode) -> str:
    """Return an episode's peak: an intensity 0..5 for action units, per cent for shares, else the number."""
    if episode.kind == "action_unit" or episode.peak > 1:
        return f"{episode.peak:.1f}"
    return f"{100 * episode.peak:.0f} %"
