"""The embedded vector service as a process of its own, as `tawkee up` runs it."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from qdrant_client import QdrantClient

API_KEY = "a-key-for-tests-only"


class VectorProcess:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.start()

    def start(self) -> None:
        self.process = launch_service(self.data)
        assert self.process.stdout
        printed = ""
        while not printed.startswith("vectors: http://127.0.0.1:"):
            printed = self.process.stdout.readline()
            assert printed, f"the vector service ended with {self.process.wait(30)}"
        self.url = printed.split()[1]

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(with_signal)
        code = self.process.wait(timeout=30)
        assert self.process.stdout
        self.process.stdout.close()
        return code

    def connect(self, **options: Any) -> QdrantClient:
        """The plain client; the key goes as a header, since `api_key=` warns of plain HTTP."""
        return QdrantClient(
            url=self.url, headers={"api-key": API_KEY}, timeout=30, check_compatibility=False, **options
        )

    def read_memory(self, field: str) -> float:
        """Megabytes of a field of /proc/PID/status, for example VmRSS or RssAnon."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(f"{field}:")[1].split()[0]) / 1024


def launch_service(data: Path, api_key: str = API_KEY, port: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tawkee_core.embedded.vectors", "--data", str(data), "--port", str(port)]
    environment = {**os.environ, "TAWKEE_QDRANT_API_KEY": api_key}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
