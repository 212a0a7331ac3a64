"""Ending what an earlier launcher left, and nothing else."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tawkee_core.embedded.processes import end_strays, portable_mark, record_process, start_mark

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(600)",
]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "run"
    folder.mkdir()
    yield folder


def start(command: list[str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.mark.parametrize("command, code", [(SLEEP, -signal.SIGTERM), (STUBBORN, -signal.SIGKILL)])
def test_a_stray_is_ended(run: Path, tmp_path: Path, command: list[str], code: int) -> None:
    with start(command) as process:
        record_process(run / "web.json", tmp_path, process.pid, signal.SIGTERM)
        assert end_strays(run, tmp_path, seconds=1) == ["web"]
        assert process.wait(timeout=30) == code
    assert list(run.iterdir()) == []


@pytest.mark.parametrize("change", [{"mark": "an earlier process of this pid"}, {"data": "/a/copied/folder"}])
def test_what_is_not_provably_ours_lives_on(run: Path, tmp_path: Path, change: dict[str, str]) -> None:
    with start(SLEEP) as process:
        path = run / "web.json"
        record_process(path, tmp_path, process.pid, signal.SIGTERM)
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
        assert end_strays(run, tmp_path, seconds=1) == []
        assert process.poll() is None
        process.kill()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": null, "mark": 1, "data": 1, "signal": 1}'])
def test_a_broken_record_is_dropped(run: Path, tmp_path: Path, text: str) -> None:
    (run / "web.json").write_text(text)
    assert end_strays(run, tmp_path) == []
    assert list(run.iterdir()) == []


@pytest.mark.parametrize("mark", [start_mark, portable_mark])
def test_a_zombie_does_not_run(mark: object) -> None:
    assert callable(mark)
    with start(SLEEP) as process:
        assert mark(process.pid) == mark(process.pid) is not None
        assert mark(process.pid) != mark(os.getppid())
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert mark(process.pid) is None
