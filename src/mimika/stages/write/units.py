"""What the action units are called.

Source: Ekman, Friesen, Hager, "Facial Action Coding System: the manual", 2002.
"""

UNIT_NAMES = {
    "AU1": "Inner Brow Raiser", "AU2": "Outer Brow Raiser", "AU4": "Brow Lowerer", "AU5": "Upper Lid Raiser",
    "AU6": "Cheek Raiser", "AU7": "Lid Tightener", "AU9": "Nose Wrinkler", "AU10": "Upper Lip Raiser",
    "AU12": "Lip Corner Puller", "AU14": "Dimpler", "AU15": "Lip Corner Depressor", "AU16": "Lower Lip Depressor",
    "AU17": "Chin Raiser", "AU18": "Lip Puckerer", "AU20": "Lip Stretcher", "AU22": "Lip Funneler",
    "AU23": "Lip Tightener", "AU24": "Lip Pressor", "AU25": "Lips Part", "AU26": "Jaw Drop", "AU27": "Mouth Stretch",
    "AU28": "Lip Suck", "AU43": "Eyes Closed",
}  # fmt: skip
