"""What every channel must do, as tests. Subclass it, say how your provider speaks and how your fake of it behaves:

class TestMine(ChannelConformance):
    kind = "mine"
    def webhooks(self, channel, said): ...
"""

from .kit import Delivery, Failure, Line, Said, Webhook
from .outgoing import OutgoingCases
from .parsing import ParsingCases
from .receiving import ReceivingCases
from .safety import SafetyCases


class ChannelConformance(ReceivingCases, ParsingCases, OutgoingCases, SafetyCases):
    """The kit: what is received, what is sent, what must never happen, and what no body may do."""


__all__ = ["ChannelConformance", "Delivery", "Failure", "Line", "Said", "Webhook"]
