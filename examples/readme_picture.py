"""Join frames of the demo's overlay video and its timeline to the picture that the README shows.

python examples/readme_picture.py demo-output docs/images/demo.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import av
import cv2
import numpy as np

TIMES_S = (0.8, 2.6, 5.6)


def main() -> None:
    """Read the frames nearest to `TIMES_S`, put them side by side and the timeline below."""
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    timeline = np.asarray(cv2.imread(str(folder / "demo-timeline.png")), np.uint8)
    with av.open(str(folder / "demo-overlay.mp4")) as container:
        frames = [(float(f.time or 0), f.to_ndarray(format="bgr24")) for f in container.decode(video=0)]
    chosen = [min(frames, key=lambda pair: abs(pair[0] - time))[1] for time in TIMES_S]
    width = timeline.shape[1] // len(chosen)
    size = (width, round(width * chosen[0].shape[0] / chosen[0].shape[1]))
    row = np.hstack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in chosen])
    row = cv2.copyMakeBorder(row, 0, 0, 0, timeline.shape[1] - row.shape[1], cv2.BORDER_CONSTANT, value=(255,) * 3)
    target.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(target), np.vstack([row, timeline]), [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
