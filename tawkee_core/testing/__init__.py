"""For plugin authors: a running Tawkee in a pytest fixture, an echo channel, an echo model, and the conformance kit.

Installed with Tawkee as a pytest plugin; `class TestMine(ChannelConformance)` is all that a channel's test needs."""

from .conformance import ChannelConformance

__all__ = ["ChannelConformance"]
