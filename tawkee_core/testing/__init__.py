"""For plugin authors: a running Tawkee in a pytest fixture, an echo channel, an echo model, and the conformance kit.

Installed with Tawkee as a pytest plugin; `class TestMine(ChannelConformance)` is all that a channel's test needs. What
it needs besides comes with `pip install 'tawkee[testing]'`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .conformance import ChannelConformance as ChannelConformance

__all__ = ["ChannelConformance"]


def __getattr__(name: str) -> Any:
    """The kit, when first asked for: it needs Hypothesis, which neither `tawkee plugin new` nor another pytest does."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .conformance import ChannelConformance

    return ChannelConformance
