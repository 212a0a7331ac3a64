"""A stranger's machine: a fresh environment with Tawkee's wheel, the libraries it is locked to, and a plugin beside."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ECHO = ROOT / "examples" / "tawkee_echo"
SHIPPED = ("tawkee_core", "channels", "integrations", "plugins", "requirements")
SECONDS = 120


@dataclass(frozen=True)
class Stranger:
    """An environment of its own; nothing in it points into the checkout."""

    folder: Path

    @property
    def programs(self) -> Path:
        return self.folder / "venv" / "bin"

    @property
    def site(self) -> Path:
        return Path(sysconfig.get_path("purelib", vars={"base": str(self.folder / "venv")}))

    def run(self, *command: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
        """Run a program of the environment; what it printed. Raises AssertionError with all of that when it failed."""
        done = subprocess.run(
            [str(self.programs / command[0]), *command[1:]],
            cwd=cwd or self.folder,
            env=clean_environment() | dict(env or {}),
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout


def clean_environment() -> dict[str, str]:
    """This process's environment without what could lead back into the checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("TAWKEE_", "PYTHON", "PYTEST"))}


def make_stranger(folder: Path) -> Stranger:
    """Build both wheels and install them, without the network and without what this project's own environment has
    installed from the checkout."""
    stranger = Stranger(folder)
    wheels = [
        build_wheel(copy_source(folder / "tawkee"), folder),
        build_wheel(copy_example(ECHO.name, folder / "echo"), folder),
    ]
    venv.create(folder / "venv", with_pip=False)
    install_wheels(stranger, *wheels)
    libraries = [path for path in sys.path if Path(path).name == "site-packages"]
    (stranger.site / "libraries.pth").write_text("\n".join(libraries) + "\n")
    return stranger


def install_wheels(stranger: Stranger, *wheels: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(stranger.programs / "python"), "install", "--quiet"]
    command = [*pip, "--no-index", "--no-deps", "--no-compile", *map(str, wheels)]
    subprocess.run(command, env=clean_environment(), check=True, timeout=SECONDS)


def copy_source(target: Path) -> Path:
    """What a wheel is made of; building happens here, so that the checkout stays as it is."""
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, target / name)
    return target


def copy_example(name: str, target: Path) -> Path:
    junk = shutil.ignore_patterns("__pycache__", "build", "*.egg-info", ".*")
    return Path(shutil.copytree(ROOT / "examples" / name, target, ignore=junk))


def build_wheel(source: Path, folder: Path) -> Path:
    before = set(folder.glob("*.whl"))
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check"]
    done = subprocess.run(
        [*build, "--outdir", str(folder), str(source)], capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    (wheel,) = set(folder.glob("*.whl")) - before
    return wheel


@contextmanager
def broken_plugin(stranger: Stranger) -> Iterator[None]:
    """While the block runs, a distribution is installed whose plugin cannot be imported."""
    folder = stranger.site / "tawkee_broken-0.1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: tawkee-broken\nVersion: 0.1\n")
    (folder / "entry_points.txt").write_text("[tawkee]\nbroken = tawkee_that_is_missing\n")
    yield
    shutil.rmtree(folder)


@contextmanager
def running(command: Sequence[str], env: Mapping[str, str]) -> Iterator[list[str]]:
    """A `tawkee up` while the block runs; the lines that it printed until it was ready."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True, cwd="/", env=dict(env))
    assert process.stdout is not None
    lines = []
    with process:
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                if line.startswith("ready:"):
                    break
            assert lines[-1].startswith("ready:"), "\n".join(lines)
            yield lines
        finally:
            process.terminate()
            process.communicate(timeout=SECONDS)
