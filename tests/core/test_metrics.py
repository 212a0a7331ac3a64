"""Metrics of several processes, told as one."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

COUNT = """
from tawkee_core.metrics import TURN_STAGE, TURNS
TURNS.labels("done").inc(3)
TURN_STAGE.labels("llm").observe(1)
"""
TELL = """
import os, sys
from tawkee_core import create_app
from tawkee_core.metrics import tell_metrics
create_app({"database_url": os.environ["URL"]})
sys.stdout.buffer.write(tell_metrics())
"""


def run_python(code: str, environ: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environ)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_counts_of_all_processes_are_added_up(config: dict[str, Any], tmp_path: Path, app: Any) -> None:
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "URL": config["database_url"]}
    for _ in range(2):
        run_python(COUNT, environ)
    families = {f.name: f for f in text_string_to_metric_families(run_python(TELL, environ))}
    turns = {s.labels["state"]: s.value for s in families["tawkee_turns"].samples}
    assert turns == {"done": 6}
    stage = [s.value for s in families["tawkee_turn_stage_seconds"].samples if s.name.endswith("_count")]
    assert stage == [2]
    assert families["tawkee_database_up"].samples[0].value == 1
