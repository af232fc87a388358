"""Without this the page on time would tell other numbers than were measured, or other rules than are applied."""

import json

from mimika.stages.timeline.episodes import BLINK, EXPRESSION, LID, UNIT
from mimika.stages.write.episodes import EPISODE_COLUMNS


def test_the_page_tells_what_was_measured_and_what_is_applied(root):
    page = (root / "docs" / "how-to" / "timeline.md").read_text("utf-8")
    found = json.loads((root / "docs" / "results" / "smoothing.json").read_text("utf-8"))
    for row in found["smoothing"]:
        mode = "" if row["method"] == "none" else row["mode"]
        numbers = f"{row['label_changes_per_minute']} | {row['delay_ms']} | {row['step_delay_ms']} |"
        assert f"| `{row['method']}` | {mode} | {numbers}" in page
    for name, unit in (("meshes", " %"), ("angles", "°")):
        assert f"{found['steady'][name]['tremble_calm']}{unit}" in page
    for rule in (EXPRESSION, UNIT, LID, BLINK):
        times = f"{rule.shortest_s} s | {rule.bridge_s} s | {rule.calm_s} s |"
        assert f"| {rule.enter} | {rule.leave} | {times}" in page
    for column, meaning in EPISODE_COLUMNS.items():
        assert f"| `{column}` | {meaning} |" in page
