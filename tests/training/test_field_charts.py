"""The charts of the networks of the field: two names on one another tell nobody anything."""

from __future__ import annotations

from mimika.training.field_charts import draw_field


def row(name, curve):
    measured = {"trained": True, "top1": 0.6, "top1_ci95": [0.58, 0.62], "core_ms": 3.0, "epoch_core_s": 120.0}
    learnt = {"epochs": 1.5, "core_s": 900}
    return measured | {"name": name, "kind": "convolution", "parameters": 2e6, "curve": curve, "training": learnt}


def test_names_of_networks_that_are_alike_stand_above_each_other(tmp_path):
    curve = [[1, 0.5], [2, 0.6]]
    files = draw_field({"rows": [row("Alpha", curve), row("Omega", curve)]}, tmp_path)
    assert [file.name for file in files] == ["field-accuracy.svg", "field-learning.svg", "field-cost.svg"]
    for file in files[1:]:
        told = [line for line in file.read_text("utf-8").splitlines() if "Alpha" in line or "Omega" in line]
        heights = [float(line.split('y="')[1].split('"')[0]) for line in told if "<text" in line]
        assert len(heights) == 2
        assert abs(heights[0] - heights[1]) > 8
