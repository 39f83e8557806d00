"""The transports there are, each loaded only when an app uses it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from flask import Flask

from ..errors import ConfigurationError
from ..settings.keys import TRANSPORT_NAMES as TRANSPORTS
from .base import Transport

if TYPE_CHECKING:
    from ..settings import Settings


MODULES = {"smtp": ".smtp.transport", "mailjet": ".mailjet.transport", "file": ".file", "memory": ".memory"}


def open_transport(app: Flask, settings: Settings) -> Transport:
    """Return the transport that SUBS_MAIL names, or the fail-over over several; nothing is reached yet."""
    if not settings.mail:
        raise ConfigurationError([f"SUBS_MAIL names no transport: use one of {', '.join(TRANSPORTS)}"])
    transports = [_open(name, app, settings) for name in settings.mail]
    if len(transports) == 1:
        return transports[0]
    from .failover import FailoverTransport

    return FailoverTransport(transports)


def _open(name: str, app: Flask, settings: Settings) -> Transport:
    if name not in TRANSPORTS:
        problem = f"SUBS_MAIL names the unknown transport {name!r}: use one of {', '.join(TRANSPORTS)}"
        raise ConfigurationError([problem])
    transport: Transport = import_module(MODULES[name], __package__).open_transport(app, settings)
    return transport
