"""A company whose owner has a bell."""

from collections.abc import Iterator

import pytest

from tawkee_core.testing.echo_channel import EchoChannel
from tawkee_core.testing.echo_model import EchoModel
from tawkee_core.testing.running import Company, Running
from tests.callers import Caller, register_caller
from tests.lines import Line, close_breakers, end_work


@pytest.fixture
def owner(tawkee: Running) -> Caller:
    return register_caller(tawkee.app.test_client())


@pytest.fixture
def line(tawkee: Running, owner: Caller, echo_channel: EchoChannel, echo_model: EchoModel) -> Iterator[Line]:
    """An echo channel of the owner's workspace."""
    close_breakers()
    end_work()
    agent_id = owner.make_agent()
    owner.patch(f"…/agents/{agent_id}/settings", {"message_grouping_time": 0})
    company = Company(owner.workspace_id, agent_id, owner.user_id)
    line = Line(tawkee, company, tawkee.add_channel(company, "echo"), echo_channel, echo_model)
    yield line
    line.rest()
    end_work()
