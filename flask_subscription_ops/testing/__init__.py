"""For the tests of an app: a clock to move, a mail transport that says what it is told, leases that end at once."""

from ..mail.base import Verdict
from .clock import MovingClock, moving_clock
from .leases import end_leases
from .transport import UNREACHABLE, Answer, Reply, ScriptedTransport, scripted_transport

__all__ = [
    "UNREACHABLE",
    "Answer",
    "MovingClock",
    "Reply",
    "ScriptedTransport",
    "Verdict",
    "end_leases",
    "moving_clock",
    "scripted_transport",
]
