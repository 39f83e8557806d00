"""The transports there are, each loaded only when an app uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import Flask

from ..errors import ConfigurationError
from ..outside.adapters import Adapter, problems_of_chosen
from . import requirements

if TYPE_CHECKING:
    from ..settings import Settings
    from .base import Transport

ADAPTERS: Mapping[str, Adapter] = {
    "smtp": Adapter(f"{__package__}.smtp.transport:SmtpTransport", problems=requirements.of_smtp),
    "mailjet": Adapter(
        f"{__package__}.mailjet.transport:MailjetTransport",
        needs=("mailjet_api_key", "mailjet_api_secret"),
        problems=requirements.of_mailjet,
    ),
    "file": Adapter(f"{__package__}.file:FileTransport", needs=("mail_dir",)),
    "memory": Adapter(f"{__package__}.memory:MemoryTransport"),
}


def open_transport(app: Flask, settings: Settings) -> Transport:
    """Return the transport that SUBS_MAIL names, or the fail-over over several; nothing is reached yet.

    Raises ConfigurationError where `app.config` was changed, after `init_app` read it, to what cannot work.
    """
    if problems := problems_of_chosen("mail", ADAPTERS, settings, app.config):
        raise ConfigurationError(problems)
    transports: list[Transport] = [ADAPTERS[name].open(app, settings) for name in settings.mail]
    if len(transports) == 1:
        return transports[0]
    from .failover import FailoverTransport

    return FailoverTransport(transports)
