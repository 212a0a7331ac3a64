"""The launcher, started, killed and stopped as its user would."""

import os
import pwd
import signal
import socket
import sys
import urllib.request
from pathlib import Path

import pytest

from tawkee_core.embedded.places import is_reachable
from tawkee_core.embedded.ports import free_port
from tawkee_core.embedded.servers import running_settings
from tests.embedded.launches import all_gone, run_sql, small_launch, wait_until

ORDINARY = pwd.getpwnam("nobody").pw_uid  # of any user, but one with a name, which initdb asks for
CHILDREN = ("postgres", "redis", "vectors", "web", "worker-1")


def web_status(port: int) -> int | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return int(answer.status)
    except OSError:
        return None


def can_query(data: Path) -> bool:
    try:
        return run_sql(data, "select 1") == [(1,)]
    except Exception as error:  # psycopg2 is the project's business, not this test's
        assert type(error).__name__ == "OperationalError", error
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything(data: Path, port: int, number: signal.Signals) -> None:
    with small_launch(data, port) as launch:
        assert launch.lines[-2:] == ["chat page: here", f"ready: http://127.0.0.1:{port}"]
        assert web_status(port) == 200
        assert running_settings(data)["public_url"] == f"http://127.0.0.1:{port}", "for the links in a command's mails"
        children = launch.children()
        assert len(children) == len(CHILDREN), launch.lines
        assert launch.finish(number).splitlines()[-1] == "stopped"
        assert launch.process.returncode == 0
    assert all_gone(children)
    assert list((data / "run").iterdir()) == []


def test_kill_9_leaves_no_stray_and_the_data_whole(data: Path, port: int) -> None:
    with small_launch(data, port) as launch:
        children = launch.children()
        run_sql(data, "create table kept (n int); insert into kept values (42)")
        launch.finish(signal.SIGKILL)
        assert wait_until(lambda: all_gone(children)), children
    with small_launch(data, port) as launch:
        assert launch.lines[-1] == f"ready: http://127.0.0.1:{port}", launch.lines
        assert run_sql(data, "select n from kept") == [(42,)]


def test_dead_children_are_started_again(data: Path, port: int) -> None:
    with small_launch(data, port) as launch:
        dead = launch.children()
        for pid in dead:
            os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: len(launch.children().keys() - dead.keys()) == len(CHILDREN))
        assert wait_until(lambda: can_query(data) and web_status(port) == 200)
        printed = launch.finish(signal.SIGTERM)
    for name in CHILDREN:
        assert f"{name} stopped (exit -9), starting it again in 0.2 s" in printed


def test_a_child_that_keeps_dying_stops_everything(data: Path, port: int) -> None:
    with small_launch(data, port) as launch:
        children = launch.children()
        (data / "die").touch()
        printed = launch.process.communicate(timeout=60)[0]
    assert launch.process.returncode == 1
    assert "worker-1 stopped 5 times within 30 s" in printed and "told to die" in printed
    assert all_gone(children)


@pytest.mark.parametrize("mode, program", [("broken-worker", "worker-1"), ("broken-migration", "tawkee migrate")])
def test_what_cannot_start_says_why(data: Path, port: int, mode: str, program: str) -> None:
    with small_launch(data, port, mode) as launch:
        assert launch.process.wait(timeout=60) == 1
        assert program in "\n".join(launch.lines) and "this program is broken" in "\n".join(launch.lines)
        assert not any(line.startswith("ready:") for line in launch.lines)


def test_a_second_start_on_the_same_data_is_refused(data: Path, port: int) -> None:
    with small_launch(data, port) as first, small_launch(data, free_port()) as second:
        assert second.process.wait(timeout=60) == 1
        assert f"already runs on {data.resolve()} (process {first.process.pid})" in "\n".join(second.lines)
        assert web_status(port) == 200


def test_a_second_copy_runs_beside(data: Path, port: int) -> None:
    new = data.with_name("new")
    with small_launch(data, port) as first, small_launch(new, free_port()) as second:
        assert web_status(first.port) == web_status(second.port) == 200
        run_sql(first.data, "create table mine (n int)")
        assert run_sql(second.data, "select to_regclass('mine')") == [(None,)]


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests already run it as an ordinary user")
def test_an_ordinary_user_runs_it_too(empty: Path, port: int) -> None:
    for needed in (Path(sys.executable).resolve(), Path(__file__)):
        if not is_reachable(needed):
            pytest.skip(f"no other user can walk to {needed}")
    os.chown(empty.parent, ORDINARY, ORDINARY)
    with small_launch(empty, port, user=ORDINARY) as launch:
        assert launch.lines[-1] == f"ready: http://127.0.0.1:{port}", launch.lines
        assert {os.stat(f"/proc/{pid}").st_uid for pid in launch.children()} == {ORDINARY}


def test_servers_that_the_environment_names_are_not_started(empty: Path, port: int, servers: dict[str, str]) -> None:
    with small_launch(empty, port, urls=servers) as launch:
        assert launch.lines[-1] == f"ready: http://127.0.0.1:{port}", launch.lines
        assert len(launch.children()) == len(("web", "worker-1"))
    assert not (empty / "postgres").exists()


def test_a_busy_port_is_told(empty: Path, port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with small_launch(empty, port) as launch:
            assert launch.process.wait(timeout=60) == 1
            assert f"Port {port} is busy" in "\n".join(launch.lines)
    assert not (empty / "postgres").exists()


def test_another_signal_ends_a_worker_that_does_not_stop(data: Path, port: int) -> None:
    with small_launch(data, port, "stubborn-worker") as launch:
        children = launch.children()
        launch.process.send_signal(signal.SIGTERM)
        assert wait_until(lambda: web_status(port) is None)
        assert launch.process.poll() is None
        assert launch.finish(signal.SIGTERM).splitlines()[-1] == "stopped"
    assert all_gone(children)
