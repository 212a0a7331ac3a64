"""Log files: begun anew at each start, and kept small while everything runs."""

from pathlib import Path

from tawkee_core.embedded.children import limit_logs, turn_logs


def test_a_large_log_moves_over_while_it_is_written(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "web.log").write_bytes(b"small\n")
    with (logs / "worker-1.log").open("ab", buffering=0) as writer:
        writer.write(b"first\n" * 20)
        limit_logs(tmp_path, most=100)
        writer.write(b"then\n")
        limit_logs(tmp_path, most=100)
    assert (logs / "worker-1.log.1").read_bytes() == b"first\n" * 20
    assert (logs / "worker-1.log").read_bytes() == b"then\n"
    assert sorted(path.name for path in logs.iterdir()) == ["web.log", "worker-1.log", "worker-1.log.1"]


def test_logs_of_the_last_start_are_kept_beside_new_ones(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for text in ("one", "two"):
        (logs / "web.log").write_text(text)
        turn_logs(tmp_path)
    assert [path.read_text() for path in logs.iterdir()] == ["two"]
    limit_logs(tmp_path / "nothing here")
