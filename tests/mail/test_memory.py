from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from flask_subscription_ops.mail.base import Email
from flask_subscription_ops.mail.memory import MemoryTransport


def test_all_transports_of_one_app_share_what_was_sent(
    app: Flask, make_settings: Callable[..., Any], make_email: Callable[..., Email]
) -> None:
    list(MemoryTransport(app, make_settings()).send([make_email(1)]))
    list(MemoryTransport(app, make_settings()).send([make_email(2)]))

    assert MemoryTransport(app, make_settings()).sent == [make_email(1), make_email(2)]


def test_two_apps_share_nothing(
    app: Flask, make_settings: Callable[..., Any], make_email: Callable[..., Email]
) -> None:
    list(MemoryTransport(app, make_settings()).send([make_email(1)]))

    assert MemoryTransport(Flask("other"), make_settings()).sent == []


def test_a_repeat_is_seen(app: Flask, make_settings: Callable[..., Any], make_email: Callable[..., Email]) -> None:
    transport = MemoryTransport(app, make_settings())

    list(transport.send([make_email(1), make_email(1)]))

    assert len(transport.sent) == 2
