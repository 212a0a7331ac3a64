"""What the benchmarks say of their values."""

import os
import subprocess
import sys

import pytest

from benchmarks.figures import BenchError, Figure, Rounds, check, percentile, tidy
from benchmarks.processes import cpu_seconds, memory_mb, process_tree


def test_a_figure_is_judged_by_its_median_on_the_right_side_of_its_goal() -> None:
    assert Figure("rate", "1/s", [10, 90, 80], 80).ok is True
    assert Figure("rate", "1/s", [10, 79, 90], 80).ok is False
    assert Figure("time", "ms", [10, 20, 99], 20, "most").ok is True
    assert Figure("time", "ms", [10, 21, 99], 20, "most").ok is False
    assert Figure("seen", "ms", [1.0]).ok is None


def test_a_figure_is_told_with_all_its_values() -> None:
    told = Figure("time", "ms", [1.23456, 5, 123456.7], 6, "most").describe()
    expected = {"name": "time", "unit": "ms", "median": 5, "values": [1.23, 5, 123457], "goal": "≤ 6", "ok": True}
    assert told == expected
    assert "ok" not in Figure("seen", "ms", [1.0]).describe()


def test_rounds_gather_values_in_order() -> None:
    rounds = Rounds()
    rounds.note(rate=3)
    rounds.note(rate=1)
    assert rounds.figure("rate", "rate", "1/s", 2).values == [3, 1]


def test_percentiles_need_values() -> None:
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile(range(100), 0.99) == 99
    with pytest.raises(BenchError):
        percentile([], 0.5)


def test_what_must_hold_is_checked() -> None:
    check(True, "fine")
    with pytest.raises(BenchError, match="rows are missing"):
        check(False, "rows are missing")


@pytest.mark.parametrize(("value", "told"), [(0.12345, 0.123), (999.4, 999), (1234.5, 1234), (0, 0)])
def test_values_are_told_with_the_digits_that_count(value: float, told: float) -> None:
    assert tidy(value) == told


def test_cpu_and_memory_are_those_of_a_process_and_its_children() -> None:
    burn = "import sys; [i * i for i in range(3_000_000)]; print('done', flush=True); sys.stdin.read()"
    shell = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"]
    with subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        tree = process_tree(process.pid)
        assert len(tree) == 2
        assert cpu_seconds(process.pid) >= 0.05
        assert 2 < memory_mb(tree) <= memory_mb(tree, "Rss")
        process.communicate()
    assert os.getpid() not in tree
    assert memory_mb([process.pid]) == 0
