"""`python -m benchmarks` on a real installation, in its short profile."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCH = (sys.executable, "-m", "benchmarks")


@pytest.mark.timeout(300)
def test_the_short_profile_prints_figures_in_one_json_document(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    run = subprocess.run(
        [*BENCH, "--short", "--out", str(out), "webhooks"], cwd=ROOT, capture_output=True, text=True, timeout=280
    )
    assert run.returncode == 0, run.stderr + run.stdout
    report = json.loads(run.stdout)
    assert report == json.loads(out.read_text())
    figures = {figure["name"]: figure for figure in report["figures"]}
    kept = figures["webhooks kept"]
    assert kept["goal"] == "≥ 500"
    assert kept["ok"] is (kept["median"] >= 500)
    assert figures["commits a webhook"]["median"] >= 1
    assert report["machine"]["cpus"] >= 1


def test_an_unknown_name_is_refused() -> None:
    run = subprocess.run([*BENCH, "nonsense"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 2
    assert "webhooks" in run.stderr
