"""The look-out for secrets bites: a test that leaks one fails, whatever it asserts."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.canary import MARK, SHORTEST, canary, fernet_canary, find_leaks
from tests.watch import open_sealed

ROOT = Path(__file__).parent.parent
LEAKS = """
import sys
from tests.canary import canary

class Said:
    role, content = "system", canary("key")

class Model:
    asked, script = [[Said()]], None

def test_prints(): print("signed in with", canary("password"))
def test_logs(): sys.stderr.write('{"event": "called", "url": "https://x/' + canary("token") + '"}')
def test_child():
    import subprocess
    subprocess.run(["echo", canary("child")], check=True)
def test_asks(model): assert model.asked
def test_keeps_it_to_itself(): assert canary("password")
"""
FIXTURES = "import pytest, test_leaks\n@pytest.fixture\ndef model(): return test_leaks.Model()\n"


def test_a_test_that_leaks_fails(tmp_path: Path) -> None:
    (tmp_path / "test_leaks.py").write_text(LEAKS)
    (tmp_path / "conftest.py").write_text(f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n{FIXTURES}")
    command = [sys.executable, "-m", "pytest", "-p", "tests.watch", "-p", "no:randomly", "-p", "no:cacheprovider"]
    options = ["-c", "/dev/null", "--rootdir", str(tmp_path), "-rA", "-q", str(tmp_path)]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=60)
    told = [
        line.rpartition("::")[2].partition(" - ")[0] for line in done.stdout.splitlines() if line.startswith("ERROR ")
    ]
    assert told == ["test_prints", "test_logs", "test_child", "test_asks"], done.stdout.replace(MARK, "…")


def test_what_was_sealed_or_learned_is_found_without_a_mark() -> None:
    assert find_leaks(["a quiet line", "token=hunter2-of-ours sent"], {"hunter2-of-ours"}) == ["…token="]
    assert find_leaks(["a quiet line"], {"hunter2-of-ours"}) == []


def test_what_cannot_be_opened_is_no_secret_of_ours() -> None:
    assert open_sealed(fernet_canary(), "gAAAAA") == []


@pytest.mark.parametrize("make", [canary, fernet_canary])
def test_canaries_are_recognised(make: Callable[[], str]) -> None:
    secret = make()
    assert MARK in secret and len(secret) > SHORTEST
    assert find_leaks([f"it is {secret}"], ()) == ["…it is "]
