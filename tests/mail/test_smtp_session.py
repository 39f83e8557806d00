"""From which byte on an email may be under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flask_subscription_ops.mail.base import Email, Verdict
from flask_subscription_ops.mail.smtp.client import TimedClient
from flask_subscription_ops.mail.smtp.transport import SmtpTransport

from .fake_smtp import FakeSmtp

CONTENT, LAST = "the content but its end", "the last bytes"


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "in steps"])
@pytest.mark.parametrize(
    ("lost_while_sending", "verdict"),
    [("MAIL", Verdict.DEFERRED), (CONTENT, Verdict.DEFERRED), (LAST, Verdict.UNKNOWN)],
)
def test_a_send_that_fails_surely_did_nothing_until_the_last_bytes(
    smtp_app: Flask,
    smtp_server: FakeSmtp,
    make_settings: Callable[..., Any],
    make_email: Callable[..., Email],
    monkeypatch: pytest.MonkeyPatch,
    lost_while_sending: str,
    verdict: Verdict,
    pipelining: bool,
) -> None:
    smtp_server.extensions = ["PIPELINING"] if pipelining else []
    send = TimedClient.send

    def cut(client: TimedClient, data: Any) -> None:
        if _what(bytes(data) if not isinstance(data, str) else data.encode()) == lost_while_sending:
            raise ConnectionResetError("cut")
        send(client, data)

    monkeypatch.setattr(TimedClient, "send", cut)

    [outcome] = SmtpTransport(smtp_app, make_settings()).send([make_email()])

    assert outcome.verdict is verdict
    assert smtp_server.accepted == []


def _what(data: bytes) -> str:
    if data.endswith(b"\r\n.\r\n"):
        return LAST
    return CONTENT if b"Message-ID:" in data else data[:4].decode("latin-1")
