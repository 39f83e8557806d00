"""Emails over SMTP, with the configuration of the host's Flask-Mail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flask import Flask

from ...errors import ConfigurationError, TemporaryFailure
from ...outside.deadline import Deadline
from ..base import Email, Outcome, Verdict
from ..requirements import missing_flask_mail, open_credentials
from .client import FAULTS, Server, fault_of
from .connection import Connection
from .session import Session

if TYPE_CHECKING:
    from ...settings import Settings


class SmtpTransport:
    """Hands emails to the server that MAIL_SERVER names, one connection for each running `send`.

    Honours Flask-Mail's MAIL_SERVER, _PORT, _USERNAME, _PASSWORD, _USE_TLS, _USE_SSL, _MAX_EMAILS and
    _SUPPRESS_SEND; not MAIL_DEBUG, which would print personal data. Every step of one email shares
    SUBS_MAIL_TIMEOUT seconds. Certificates are verified, credentials never travel unencrypted to another machine.
    """

    name = "smtp"
    batch_size = 1

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._mail = _flask_mail(app)
        self.connections = settings.mail_connections
        self._server = Server(
            host=self._mail.server,
            port=int(self._mail.port or 25),
            username=self._mail.username or "",
            password=self._mail.password or "",
            starttls=bool(self._mail.use_tls) and not self._mail.use_ssl,
            implicit_tls=bool(self._mail.use_ssl),
            timeout=settings.mail_timeout,
        )
        if not self._mail.suppress:
            _refuse_open_credentials(self._server)

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        """Hand the emails over one by one; a server that stops answering is not tried again in this call."""
        if self._mail.suppress:
            yield from self._record(emails)
            return
        connection = Connection(self._server, int(self._mail.max_emails or 0))
        try:
            for email in emails:
                yield connection.hand_over(email)
        finally:
            connection.close()

    def find_accepted(self, keys: Sequence[str]) -> Mapping[str, bool] | None:
        """Return None: SMTP has no question for this."""
        return None

    def check(self) -> str:
        """Connect, greet, log in and leave."""
        if self._mail.suppress:
            return "SMTP is suppressed by MAIL_SUPPRESS_SEND or TESTING"
        where = f"{self._server.host or '?'}:{self._server.port}"
        try:
            Session(self._server, Deadline(self._server.timeout)).leave()
        except FAULTS as error:
            raise TemporaryFailure(f"SMTP server {where} cannot be used: {fault_of(error)}") from None
        return f"SMTP server {where} can be used"

    def _record(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        from .recording import dispatch

        for email in emails:
            dispatch(self._app, email)
            yield Outcome(email, Verdict.ACCEPTED, "suppressed by MAIL_SUPPRESS_SEND or TESTING")


def _flask_mail(app: Flask) -> Any:  # Flask-Mail's class for its state is private
    if problems := missing_flask_mail(app):
        raise ConfigurationError(problems)
    return app.extensions["mail"]


def _refuse_open_credentials(server: Server) -> None:
    # Flask-Mail keeps what the configuration was when it was initialised, which may differ from what it is now.
    is_encrypted = server.starttls or server.implicit_tls
    if problems := open_credentials(server.host, server.username, server.password, is_encrypted=is_encrypted):
        raise ConfigurationError(problems)
