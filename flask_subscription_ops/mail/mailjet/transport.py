"""Emails through Mailjet's Send API v3.1, and the question whether one was accepted before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from flask import Flask

from ...errors import ConfigurationError, EffectError, TemporaryFailure
from ...outside.call import within
from ...outside.deadline import Deadline
from ..base import Email, Outcome, Verdict
from .client import MailjetClient, Rejected, open_client
from .messages import judge_answers, judge_rejection, payload_of, rows_of

if TYPE_CHECKING:
    from ...settings import Settings


class MailjetTransport:
    """Sends up to 50 emails a call, each tagged with its effect key.

    A call whose answer was lost is never repeated here: `find_accepted` asks by the effect key. Each email is its
    own deduplicated campaign, so that a process that was frozen in mid-call cannot send one a second time.
    """

    name = "mailjet"
    batch_size = 50  # Mailjet's limit for one call

    def __init__(self, app: Flask, settings: Settings) -> None:
        if not (settings.mailjet_api_key and settings.mailjet_api_secret):
            problem = "SUBS_MAIL names 'mailjet': set SUBS_MAILJET_API_KEY and SUBS_MAILJET_API_SECRET"
            raise ConfigurationError([problem])
        self.connections = settings.mail_connections
        self._timeout = settings.mail_timeout
        self._credentials = (settings.mailjet_api_key, settings.mailjet_api_secret)
        self._api_base = settings.mailjet_api_base
        self._open("v3.1").close()

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        """Send one call's worth after the other; a Mailjet that cannot be used is not tried again in this call."""
        waiting = iter(emails)
        down = ""
        with self._open("v3.1") as client:
            while batch := list(islice(waiting, self.batch_size)):
                for outcome in _defer(batch, down) if down else self._send_batch(client, batch):
                    down = outcome.detail if outcome.unreachable else down
                    yield outcome

    def find_accepted(self, keys: Sequence[str]) -> Mapping[str, bool]:
        """Ask for each effect key, for SUBS_MAIL_TIMEOUT seconds in all; a key not answered by then is left out."""
        answers: dict[str, bool] = {}
        deadline = Deadline(self._timeout)
        with self._open("v3") as client:
            try:
                for key in keys:
                    found = self._messages(client, {"CustomID": key, "Limit": 1}, deadline.remaining())
                    answers[key] = bool(found)
            except (EffectError, OSError):
                return answers
        return answers

    def check(self) -> str:
        """Ask for one message, which needs the key that sending and looking up need."""
        with self._open("v3") as client:
            self._messages(client, {"Limit": 1}, self._timeout)
        return "Mailjet accepts the API key"

    def _open(self, version: str) -> MailjetClient:
        return open_client(version, self._api_base, self._credentials, self._timeout)

    def _send_batch(self, client: MailjetClient, batch: Sequence[Email]) -> list[Outcome]:
        try:
            body = within(self._timeout, lambda: _post(client, batch))
        except TemporaryFailure as error:
            return _defer(batch, str(error))
        except Rejected as error:
            return judge_rejection(batch, error)
        except EffectError as error:
            return [Outcome(email, Verdict.UNKNOWN, str(error), unreachable=True) for email in batch]
        return judge_answers(batch, body)

    def _messages(self, client: MailjetClient, filters: dict[str, Any], seconds: float) -> list[Any]:
        rows = rows_of(within(seconds, lambda: client.message.get(filters=filters).text), "Data")
        if rows is None:
            raise TemporaryFailure("Mailjet's answer cannot be understood")
        return rows


def _post(client: MailjetClient, batch: Sequence[Email]) -> str:
    # The library's own key leaves the CustomID out: two emails of the same text would count as one.
    keys = "\n".join(email.key for email in batch)
    headers = {"Idempotency-Key": hashlib.sha256(keys.encode()).hexdigest()}
    text: str = client.send.create(data=payload_of(batch), headers=headers).text
    return text


def _defer(batch: Sequence[Email], reason: str) -> list[Outcome]:
    return [Outcome(email, Verdict.DEFERRED, reason, unreachable=True) for email in batch]


open_transport = MailjetTransport
