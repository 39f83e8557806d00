"""Emails through Mailjet's Send API v3.1, and the question whether one was accepted before."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from flask import Flask

from ...errors import EffectError, TemporaryFailure, UnknownOutcome
from ...outside.call import within
from ...outside.deadline import Deadline
from ...outside.logs import logger
from ..base import Email, Outcome
from .calls import Calls
from .client import MESSAGES, MailjetClient
from .messages import rows_of

if TYPE_CHECKING:
    from ...settings import Settings

log = logger()

KEPT_FOR = 30.0  # seconds without a call
FAULTS_TOLERATED = 4  # keys that may hang or fail before the others are left for later


class MailjetTransport:
    """Sends up to 50 emails a call, each tagged with its effect key.

    A call whose answer was lost is never repeated here: `find_accepted` asks by the effect key. Each email is its
    own deduplicated campaign, so that a process that was frozen in mid-call cannot send one a second time.
    """

    name = "mailjet"
    batch_size = 50  # Mailjet's limit for one call

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.connections = settings.mail_connections
        self._timeout = settings.mail_timeout
        self._credentials = (settings.mailjet_api_key or "", settings.mailjet_api_secret or "")
        self._api_base = settings.mailjet_api_base
        self._kept: list[MailjetClient] = []  # from one claim to the next
        weakref.finalize(self, _close, self._kept)

    def send(self, emails: Iterable[Email]) -> Iterator[Outcome]:
        """Send one call's worth after the other; a Mailjet that cannot be used is not tried again in this call."""
        waiting = iter(emails)
        with self._lent() as client:
            calls = Calls(client, self._timeout)
            while batch := list(islice(waiting, self.batch_size)):
                yield from calls.carry(batch)

    def find_accepted(self, keys: Sequence[str]) -> Mapping[str, bool]:
        """Ask for each effect key, for SUBS_MAIL_TIMEOUT seconds in all; a key not answered by then is left out.

        Mailjet lists a message under its CustomID a moment after it has accepted it, so a "no" is one as of now.
        """
        faults: list[Exception] = []
        with self._lent() as client:
            answers = dict(self._answers(client, keys, faults))
        if faults and not answers:
            raise TemporaryFailure(f"Mailjet cannot be asked: {faults[0]}")
        if faults:
            log.info("Mailjet could not be asked about every email it may have accepted: %s", faults[0])
        return answers

    def check(self) -> str:
        """Ask for one message, which needs the key that sending and looking up need."""
        with self._lent() as client:
            self._messages(client, {"Limit": 1}, self._timeout)
        return "Mailjet accepts the API key"

    @contextmanager
    def _lent(self) -> Iterator[MailjetClient]:
        """Give a client for one caller at a time, and keep it with its connection."""
        client = self._kept_one() or MailjetClient(self._api_base, self._credentials, self._timeout)
        try:
            yield client
        finally:
            self._kept.append(client)

    def _kept_one(self) -> MailjetClient | None:
        # Between here and Mailjet a connection that is silent for long may be forgotten, and nobody told.
        while self._kept:
            client = self._kept.pop()
            if time.monotonic() - client.used_at < KEPT_FOR:
                return client
            client.close()
        return None

    def _answers(
        self, client: MailjetClient, keys: Sequence[str], faults: list[Exception]
    ) -> Iterator[tuple[str, bool]]:
        deadline = Deadline(self._timeout)
        for position, key in enumerate(keys):
            try:
                seconds = deadline.share(min(len(keys) - position, FAULTS_TOLERATED))
                yield key, bool(self._messages(client, {"CustomID": key, "Limit": 1}, seconds))
            except (EffectError, TimeoutError) as error:
                faults.append(error)
                if _is_for_every_key(error) or len(faults) == FAULTS_TOLERATED:
                    break

    def _messages(self, client: MailjetClient, filters: dict[str, Any], seconds: float) -> list[Any]:
        rows = rows_of(within(seconds, client.get, MESSAGES, filters), "Data")
        if rows is None:
            raise UnknownOutcome("Mailjet's answer cannot be understood")
        return rows


def _close(kept: list[MailjetClient]) -> None:
    while kept:
        kept.pop().close()


def _is_for_every_key(error: Exception) -> bool:
    return isinstance(error, (TemporaryFailure, TimeoutError))  # refused us, was not reached, or the time is over
