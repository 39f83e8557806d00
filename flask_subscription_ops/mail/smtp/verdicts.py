"""What a server's answer says about an email.

Replies are those of RFC 5321, 4.2, with RFC 4954, 6 for authentication and RFC 7504 for hosts that take no mail;
enhanced codes, where the server gives them, are those of RFC 3463 and RFC 7372.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..base import Verdict

SERVICE_CLOSING = 421  # the server leaves, whatever was asked
END_OF_DATA = "end of data"

# Sequence and syntax of the session, a host without mail, authentication, encryption: the same for every email.
ABOUT_US = frozenset({SERVICE_CLOSING, 500, 502, 503, 504, 521, 530, 534, 535, 538})
SENDER = frozenset({"1.7", "1.8"})  # the sender's address, its system's address
NETWORK, POLICY = "4.", "7."  # subjects: routing, and security or policy


@dataclass(frozen=True)
class Reply:
    """A server's answer: its code, and the enhanced one where given; never its text, which names people."""

    step: str
    code: int
    enhanced: str = ""

    @property
    def is_positive(self) -> bool:
        """Tell whether the delivery may go on, or is done."""
        return self.code == 354 if self.step == "DATA" else self.code // 100 == 2

    @property
    def is_negative(self) -> bool:
        """Tell whether the server said no, for now or for good."""
        return self.code // 100 in (4, 5)

    def __str__(self) -> str:
        return f"{self.step} answered {self.code} {self.enhanced}".rstrip()


class Judgement(NamedTuple):
    """The verdict on one email, and whether the emails after it would get the same."""

    verdict: Verdict
    unreachable: bool = False


TAKEN = Judgement(Verdict.ACCEPTED)
REFUSED = Judgement(Verdict.REFUSED)
PUT_OFF = Judgement(Verdict.DEFERRED)
NOT_FOR_US = Judgement(Verdict.DEFERRED, unreachable=True)
UNCLEAR = Judgement(Verdict.UNKNOWN)


def judge(reply: Reply) -> Judgement:
    """Judge an answer by what it says: about us, about this email, or nothing that can be understood."""
    if reply.is_positive:
        return TAKEN
    if reply.step == "MAIL" or _is_about_us(reply):  # up to MAIL, nothing of the email was said
        return NOT_FOR_US
    if reply.is_negative:
        return PUT_OFF if reply.code // 100 == 4 else REFUSED
    return UNCLEAR if reply.step == END_OF_DATA else PUT_OFF


def _is_about_us(reply: Reply) -> bool:
    if reply.code in ABOUT_US:
        return True
    if not reply.is_negative:
        return False
    detail = reply.enhanced[2:]  # without the class, which the code repeats
    if detail.startswith(POLICY) and reply.step == "RCPT" and reply.code // 100 == 4:
        return False  # greylisting: this recipient, now
    return detail in SENDER or detail.startswith((NETWORK, POLICY))
