"""`tawkee channel parse`: what a channel reads out of files, told as JSON lines without any server."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from click.testing import CliRunner, Result

from tawkee_core import Address, BadPayload, Channel, ChannelEvent, Incoming, Media, hookimpl, read_json
from tawkee_core.channels.try_parse import to_line, try_files
from tawkee_core.cli import main
from tawkee_core.plugins import Plugins, load_plugins
from tawkee_core.settings import Settings

RECORDED = Path(__file__).parents[3] / "shared" / "payloads"
FOLDERS = {  # where payloads of a kind are recorded, and how many of them are webhooks that say something
    "evolution": ("evolution", 50), "instagram": ("instagram", 12), "mercado_livre": ("mercadolivre", 4),
    "messenger": ("messenger", 10), "telegram": ("telegram", 19), "twilio": ("twilio_sms", 7),
    "whatsapp_cloud": ("meta_whatsapp", 36), "zapi": ("zapi", 35),
}  # fmt: skip


def run_parse(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["channel", "parse", *map(str, arguments)])


def lines_of(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def update(text: str) -> str:
    chat = {"id": 42, "type": "private"}
    message = {"message_id": 7, "date": 1700000000, "chat": chat, "from": {"id": 42, "first_name": "Rita"}}
    return json.dumps({"update_id": 1, "message": {**message, "text": text}})


def test_each_file_is_one_line(tmp_path: Path) -> None:
    good, bad = write(tmp_path, "good.json", update("Olá")), write(tmp_path, "bad.json", "[}")
    told = lines_of(run_parse("telegram", good, bad, tmp_path / "none.json", tmp_path))
    (event,) = told[0]["events"]
    assert told[0]["file"] == str(good)
    assert (event["type"], event["kind"], event["text"]) == ("incoming", "text", "Olá")
    assert event["sent_at"] == "2023-11-14T22:13:20+00:00"
    assert event["addresses"] == [{"kind": "telegram", "value": "42"}]
    assert told[1] == {"file": str(bad), "error": "The body is not valid JSON."}
    assert [each["error"] for each in told[2:]] == ["No such file or directory", "Is a directory"]


def test_standard_input_is_a_file_too() -> None:
    result = CliRunner().invoke(main, ["channel", "parse", "telegram", "-"], input=update("Olá"))
    (told,) = lines_of(result)
    assert (told["file"], told["events"][0]["text"]) == ("-", "Olá")


def test_another_plugin_that_is_broken_does_not_speak_among_the_lines(tmp_path: Path) -> None:
    info = tmp_path / "p_odd-1.0.dist-info"
    info.mkdir()
    write(info, "METADATA", "Metadata-Version: 2.1\nName: p_odd\nVersion: 1.0\n")
    write(info, "entry_points.txt", "[tawkee]\np_odd = p_odd_module\n")
    file = write(tmp_path, "good.json", update("Olá"))

    def run(kind: str) -> subprocess.CompletedProcess[str]:
        code = "from tawkee_core.cli import main; main()"
        command = [sys.executable, "-c", code, "channel", "parse", kind, str(file)]
        path = os.pathsep.join([str(tmp_path), *sys.path])
        return subprocess.run(command, env={"PYTHONPATH": path}, capture_output=True, text=True, timeout=60)

    good, broken = run("telegram"), run("p_odd")
    assert json.loads(good.stdout)["events"][0]["text"] == "Olá"
    assert "p_odd_module" in good.stderr
    assert (broken.returncode, broken.stdout) == (2, "")
    assert "left out (ModuleNotFoundError: No module named 'p_odd_module')" in broken.stderr


def test_configuration_reaches_the_channel(tmp_path: Path) -> None:
    group = write(tmp_path, "group.json", update("oi").replace("private", "group"))
    (quiet,), (stored,) = (
        [line["events"] for line in lines_of(run_parse("telegram", group, *more))]
        for more in ((), ("--config", "groups=store"))
    )
    assert (quiet[0]["type"], stored[0]["type"], stored[0]["group"]) == ("ignored", "incoming", True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("nobody", "x.json"), "No plugin called"), (("telegram",), "FILE"), (("telegram", "x", "--config", "a"), "KEY=")],
)
def test_wrong_calls_are_explained(arguments: tuple[str, ...], words: str) -> None:
    result = run_parse(*arguments)
    assert result.exit_code == 2
    assert words in result.output


class Odd:
    """A channel that reads forms, and stumbles."""

    @hookimpl
    def channel_parse(self, channel: Channel, headers: dict[str, str], body: bytes) -> list[ChannelEvent] | None:
        if body == b"stumble":
            raise KeyError("from")
        if body in (b"nothing", b"words", b"one"):
            odd: Any = {b"nothing": None, b"words": ["text"], b"one": Incoming("1", (Address("odd", "1"),))}
            return odd[body]  # type: ignore[no-any-return]  # on purpose
        if "form" not in headers["content-type"]:
            read_json(body)
            raise BadPayload("This is no form.")
        values = parse_qs(body.decode())
        if "id" not in values:
            raise BadPayload("A form has an id.")
        media = Media(data=b"12345", ref={"at": datetime(2026, 1, 2, tzinfo=UTC)})
        return [Incoming(values["id"][0], (Address("phone", channel.config["own"]),), media=media)]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("stumble", "KeyError: 'from'"),
        ("nothing", "no channel_parse, or that returned None"),
        ("words", "channel_parse gave str among its events"),
        ("one", "channel_parse gave Incoming, not a list of events"),
        ("[]", "This is no form."),
        ('{"id": 3}', "This is no form."),
        ('{"a": "b"}', "This is no form."),
    ],
)
def test_what_goes_wrong_is_told(tmp_path: Path, body: str, error: str) -> None:
    plugins = Plugins()
    plugins.register(Odd(), "odd")
    (told,) = try_files(plugins, "odd", [write(tmp_path, "f", body)], {})
    assert error in told["error"]


def test_a_form_recorded_as_json_is_read_and_bytes_are_counted(tmp_path: Path) -> None:
    plugins = Plugins()
    plugins.register(Odd(), "odd")
    (told,) = try_files(plugins, "odd", [write(tmp_path, "f", '{"id": "m&1"}')], {"own": "55"})
    (event,) = json.loads(to_line(told))["events"]
    assert (event["id"], event["addresses"][0]["value"], event["media"]["data"]) == ("m&1", "55", 5)
    assert event["media"]["ref"] == {"at": "2026-01-02T00:00:00+00:00"}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not beside this checkout")
@pytest.mark.parametrize("kind", sorted(set(load_plugins(Settings()).names("channel_parse")) & set(FOLDERS)))
def test_recorded_payloads_are_told(kind: str) -> None:
    folder, least = FOLDERS[kind]
    files = sorted((RECORDED / folder).glob("*.json"))
    told = lines_of(run_parse(kind, *files))
    assert [each["file"] for each in told] == [str(file) for file in files]
    assert sum("events" in each for each in told) >= least, [each for each in told if "error" in each]
    assert not [each for each in told if "error" in each and "Error:" in each["error"]]
    assert all(event["type"] for each in told for event in each.get("events", ()))


def test_every_channel_that_reads_webhooks_is_tried() -> None:
    assert set(load_plugins(Settings()).names("channel_parse")) <= set(FOLDERS)
