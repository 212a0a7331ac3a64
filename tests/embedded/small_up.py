"""`tawkee up` with small programs in place of Tawkee's own, which are slow to start: `small_up.py PORT DATA [MODE]`."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tawkee_core.embedded.launcher import up
from tawkee_core.embedded.programs import Commands

NOTHING = "pass"
WORDS = "print('chat page: here')"
FAIL = "raise SystemExit('this program is broken')"
READY = "import os, pathlib; pathlib.Path(os.environ['TAWKEE_READY_FILE']).touch()\n"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + READY + "import time; time.sleep(600)"
WORK = (
    READY
    + """
import sys, time
while not pathlib.Path(os.environ["TAWKEE_DATA"], "die").exists():
    time.sleep(0.05)
sys.exit("told to die")
"""
)


class Ready(BaseHTTPRequestHandler):
    """Answers everything with 200."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        print(format % args)


def serve_web() -> None:
    host, _, port = sys.argv[sys.argv.index("--bind") + 1].rpartition(":")
    ThreadingHTTPServer((host, int(port)), Ready).serve_forever()


def main() -> None:
    port, data, *mode = sys.argv[1:]
    work = FAIL if "broken-worker" in mode else STUBBORN if "stubborn-worker" in mode else WORK
    commands = Commands(
        migrate=(sys.executable, "-c", FAIL if "broken-migration" in mode else NOTHING),
        demo=(sys.executable, "-c", WORDS),
        work=(sys.executable, "-c", work),
        web=(sys.executable, __file__),
    )
    sys.exit(up(port=int(port), data=Path(data), demo=True, commands=commands))


if __name__ == "__main__":
    serve_web() if "--bind" in sys.argv else main()
