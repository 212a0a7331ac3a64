"""Recorded payloads of every provider, made wrong in every way the kit knows: events or BadPayload, and soon.

The payloads stand beside this checkout, where they do."""

import os
from pathlib import Path

import pytest

from tawkee_core.channels.try_parse import FORM_HEADERS, JSON_HEADERS, form_of, made_up
from tawkee_core.plugins import Plugins, load_plugins
from tawkee_core.settings import Settings
from tawkee_core.testing.conformance.mutation import mixed, wrong_bodies
from tawkee_core.testing.conformance.reading import check_reading
from tests.core.test_try_parse import FOLDERS, RECORDED

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
MOST = 1000 if LONG else 6


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins(Settings())


@pytest.mark.timeout(3600 if LONG else 120)
@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not beside this checkout")
@pytest.mark.parametrize("groups", ["ignore", "store"])
@pytest.mark.parametrize("kind", sorted(FOLDERS))
def test_recorded_payloads_made_wrong_are_events_or_a_bad_payload(kind: str, groups: str, plugins: Plugins) -> None:
    plugin, channel = plugins.channel(kind), made_up(kind, {"groups": groups})
    files = sorted((RECORDED / FOLDERS[kind][0]).glob("*.json"))
    read = 0
    for body, headers in map(read_recorded, files):
        for wrong in [body, *wrong_bodies(body, MOST)]:
            events = check_reading(lambda: plugin.channel_parse(channel=channel, headers=headers, body=wrong))  # noqa: B023 - called at once
            read += events is not None
    assert read > len(files) / 2, "nearly all of it was refused: something else than parsing was tried"
    for body in mixed([file.read_bytes() for file in files]):
        check_reading(lambda: plugin.channel_parse(channel=channel, headers=JSON_HEADERS, body=body))  # noqa: B023 - called at once


def read_recorded(file: Path) -> tuple[bytes, dict[str, str]]:
    """A payload as it was posted: forms are mostly recorded as an object of texts."""
    body = file.read_bytes()
    form = form_of(body)
    return (body, JSON_HEADERS) if form is None else (form, FORM_HEADERS)
