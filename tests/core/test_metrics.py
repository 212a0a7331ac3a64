"""Metrics of several processes, told as one."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tawkee_core.metric_files import read_files
from tests.lines import in_parallel

COUNT = """
from tawkee_core.metrics import LLM_BREAKER, TURN_STAGE, TURNS
LLM_BREAKER.labels("gone").set(1)
TURNS.labels("done").inc(3)
TURN_STAGE.labels("llm").observe(1)
"""
TELL = """
import os, sys
from tawkee_core import create_app
from tawkee_core.scrape import tell_metrics
create_app({"database_url": os.environ["URL"]})
sys.stdout.buffer.write(tell_metrics())
"""


def run_python(code: str, environ: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environ)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_text(text: str) -> dict[str, Any]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_counts_of_all_processes_are_added_up(config: dict[str, Any], tmp_path: Path, app: Any) -> None:
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "URL": config["database_url"]}
    for _ in range(2):
        run_python(COUNT, environ)
    kept = {path.name for path in tmp_path.glob("*.db")}
    assert len(kept) == 6, "a file of each kind from each process"
    families = read_text(run_python(TELL, environ))
    turns = {s.labels["state"]: s.value for s in families["tawkee_turns"].samples}
    assert turns == {"done": 6}
    stage = [s.value for s in families["tawkee_turn_stage_seconds"].samples if s.name.endswith("_count")]
    assert stage == [2]
    assert families["tawkee_database_up"].samples[0].value == 1
    assert "tawkee_llm_breaker_state" not in families, "what a process says of itself ends with it"


def test_files_of_ended_processes_become_one_of_each_kind(tmp_path: Path) -> None:
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for count in (3, 6):
        run_python(COUNT, environ)
        told = in_parallel([lambda: read_files(tmp_path).decode()] * 4)
        assert all(f'tawkee_turns_total{{state="done"}} {count}.0' in text for text in told)
        assert {path.name for path in tmp_path.iterdir()} == {"counter_0.db", "histogram_0.db", "lock"}
