"""`tawkee up` with small programs in place of Tawkee's own, which are slow to start: `small_up.py PORT DATA [MODE]`."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tawkee_core.embedded.launcher import up
from tawkee_core.embedded.programs import Commands

NOTHING = (sys.executable, "-c", "")
SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
FAIL = (sys.executable, "-c", "raise SystemExit('the worker is broken')")
WORDS = (sys.executable, "-c", "print('chat page: here')")


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
    commands = Commands(
        migrate=FAIL if "broken-migration" in mode else NOTHING,
        demo=WORDS,
        work=FAIL if "broken-worker" in mode else SLEEP,
        web=(sys.executable, __file__),
    )
    sys.exit(up(port=int(port), data=Path(data), demo=True, commands=commands))


if __name__ == "__main__":
    serve_web() if "--bind" in sys.argv else main()
