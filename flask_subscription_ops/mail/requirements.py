"""What the transports require of the app's configuration, told without loading any of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import ConfigurationError, PermanentFailure
from ..outside.https import is_this_host
from .address import mailbox, party

if TYPE_CHECKING:
    from flask import Flask

    from ..settings import Settings

FLAGS = ("MAIL_USE_TLS", "MAIL_USE_SSL", "MAIL_SUPPRESS_SEND")
TEXTS = ("MAIL_USERNAME", "MAIL_PASSWORD")
NUMBERS = ("MAIL_PORT", "MAIL_MAX_EMAILS")
MAILJET = "mailjet.com"
STAY_HERE = frozenset({"memory", "file"})  # transports whose emails stay on this machine
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})  # the only other hosts that Mailjet's own library takes


def of_smtp(settings: Settings, config: Mapping[str, Any]) -> list[str]:
    """Name what is wrong with Flask-Mail's own keys; no sentence repeats a value."""
    found = [
        *_unfit(config, FLAGS, lambda value: isinstance(value, int), "True or False, without quotes"),
        *_unfit(config, ("MAIL_SERVER",), _is_host, "a name or an address, without its port"),
        *_unfit(config, TEXTS, _is_line, "one line of text in quotes"),
        *_unfit(config, NUMBERS, _is_number, "a whole number that is not negative"),
        *_unfit(config, ("MAIL_PORT",), lambda port: not _is_number(port) or int(port) < 65_536, "below 65536"),
        *_addresses(settings, config),
    ]
    if found or config.get("MAIL_SUPPRESS_SEND", config.get("TESTING")):
        return found
    return open_credentials(
        config.get("MAIL_SERVER") or "localhost",
        config.get("MAIL_USERNAME"),
        config.get("MAIL_PASSWORD"),
        is_encrypted=bool(config.get("MAIL_USE_TLS") or config.get("MAIL_USE_SSL")),
    )


def missing(app: Flask, settings: Settings) -> list[str]:
    """Name what no email can do without, and what may come after `init_app`."""
    return [*missing_sender(app, settings), *(missing_flask_mail(app) if "smtp" in settings.mail else [])]


def missing_sender(app: Flask, settings: Settings) -> list[str]:
    """Say where emails that leave the machine have no sender."""
    if settings.mail_sender or app.config.get("MAIL_DEFAULT_SENDER") or set(settings.mail) <= STAY_HERE:
        return []
    return ["emails have no sender: set SUBS_MAIL_SENDER or MAIL_DEFAULT_SENDER"]


def missing_flask_mail(app: Flask) -> list[str]:
    """Say where SMTP has no configuration."""
    if "mail" in app.extensions:
        return []
    return ["SUBS_MAIL names 'smtp' but Flask-Mail is not set up: call mail.init_app(app) before subs.init_app"]


def open_credentials(host: str, username: str | None, password: str | None, *, is_encrypted: bool) -> list[str]:
    """Say whether a password would travel unencrypted to another machine."""
    if not (username and password) or is_encrypted or is_this_host(host):
        return []
    return ["MAIL_PASSWORD would travel unencrypted: set MAIL_USE_TLS or MAIL_USE_SSL"]


def reply_to(settings: Settings) -> str:
    """Return the address that answers go to, or the empty string; raise ConfigurationError where it cannot be used."""
    key = "reply_to" if "reply_to" in settings.mail_context else "support_email"
    given = settings.mail_context.get(key)
    try:
        return mailbox(given) if given else ""
    except PermanentFailure as error:
        raise ConfigurationError([f"SUBS_MAIL_CONTEXT {key} cannot be used, {error}"]) from None


def of_mailjet(settings: Settings, config: Mapping[str, Any]) -> list[str]:
    """Name what Mailjet's library would refuse when it is first used."""
    host = urlsplit(settings.mailjet_api_base or f"https://{MAILJET}").hostname or ""
    if host in LOOPBACK or host == MAILJET or host.endswith(f".{MAILJET}"):
        return _addresses(settings, config)
    return [f"SUBS_MAILJET_API_BASE must be a host of {MAILJET}, or this one for tests"]


def _addresses(settings: Settings, config: Mapping[str, Any]) -> list[str]:
    """Name the addresses of the host's own that no email can carry."""
    found = _sender(settings, config)
    for position, address in enumerate(settings.admin_emails):
        try:
            mailbox(address)
        except PermanentFailure as error:
            found.append(f"SUBS_ADMIN_EMAILS[{position}] cannot be used, {error}")
    try:
        reply_to(settings)
    except ConfigurationError as error:
        found += error.problems
    return found


def _sender(settings: Settings, config: Mapping[str, Any]) -> list[str]:
    key = "SUBS_MAIL_SENDER" if settings.mail_sender else "MAIL_DEFAULT_SENDER"
    given = settings.mail_sender or config.get(key)
    try:
        party(given or "nobody@localhost")  # a sender that is missing may come later
    except PermanentFailure as error:
        return [f"{key} cannot be used, {error}: write Name <name@example.com>"]
    return []


def _unfit(config: Mapping[str, Any], keys: tuple[str, ...], fits: Callable[[Any], bool], wanted: str) -> list[str]:
    given = ((key, config.get(key)) for key in keys)
    return [f"{key} must be {wanted}" for key, value in given if not _is_unset(value) and not fits(value)]


def _is_unset(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value)


def _is_host(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[^\s/@:\[\]]+|[0-9A-Fa-f:.]+(%\w+)?", value))


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and value == value.strip()


def _is_number(value: Any) -> bool:
    try:
        return int(value) >= 0
    except (TypeError, ValueError, OverflowError):
        return False
