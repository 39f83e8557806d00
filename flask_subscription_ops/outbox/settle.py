"""Write down what became of a claimed effect, at once, and only while the claim still holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Update, bindparam, func, select, update

from ..domain.retry import Answer, Decision, EffectState, decide, jittered
from ..errors import NotReady
from ..models import OutboxMessage
from ..outside.logs import logger
from ..outside.text import redacted
from ..runtime import Runtime
from ..signals import effect_failed, send
from .lease import RELEASED, Lease
from .tally import Tally
from .writer import Writer

log = logger()

WITHOUT_REASON = frozenset({Answer.DONE, Answer.UNTRIED})
NO_TEXT = "an error whose text cannot be stored"


class Named(Protocol):
    """As much of an effect as reports and signals say."""

    @property
    def effect_key(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def account_id(self) -> str | None: ...


class Ledger:
    """The one writer of outcomes under a lease; each is one statement, committed in its own round trip."""

    def __init__(
        self,
        runtime: Runtime,
        lease: Lease,
        tally: Tally,
        clock: Callable[[], datetime],
        writer: Writer | None = None,
    ) -> None:
        self._runtime, self._lease, self._tally, self._clock = runtime, lease, tally, clock
        self._writer = writer or Writer(runtime, lease)
        self._marked: set[int] = set()

    def record(
        self, messages: Sequence[OutboxMessage], answer: Answer, detail: str = "", *, apart: bool = False
    ) -> None:
        """Write what follows the answer for these; those `apart` are claimed by themselves from now on."""
        said = redacted(detail) or ("" if answer in WITHOUT_REASON else "no reason was given")
        by_decision: dict[Decision, list[OutboxMessage]] = defaultdict(list)
        for message in messages:
            by_decision[self._decide(message, answer, apart)].append(message)
        for decision, group in by_decision.items():
            self._settle(group, decision, said)

    def superseded(self, messages: Sequence[OutboxMessage], reason: str) -> None:
        """The reason for these was gone when their turn came."""
        self._settle(messages, Decision(EffectState.SUPERSEDED, counts=False), reason)

    def no_recipient(self, message: OutboxMessage) -> None:
        """The account is known, but nobody of it can be written to."""
        self._settle([message], Decision(EffectState.NO_RECIPIENT, counts=False), "the contact has no email address")

    def mark(self, message: OutboxMessage) -> bool:
        """Note that from now on it may have happened; False where the claim is lost."""
        kept = self._write([message], {"marked_at": self._clock()}) == [message]
        if kept:
            self._marked.add(message.id)
        return kept

    def _decide(self, message: OutboxMessage, answer: Answer, apart: bool) -> Decision:
        settings = self._runtime.settings
        return decide(
            answer,
            attempts=message.attempts + 1,
            max_attempts=settings.max_attempts,
            at_most_once=message.kind in settings.emails_at_most_once,
            marked=message.marked_at is not None or message.id in self._marked,
            alone=message.alone or apart,
        )

    def _settle(self, messages: Sequence[OutboxMessage], decision: Decision, detail: str) -> None:
        now = self._clock()
        for values, group in alike(messages, lambda message: outcome_of(message, decision, detail, now)):
            kept = self._write(group, values)
            if not kept and decision.counts:
                log.warning("the claim on %s and others was lost to a newer one", group[0].effect_key)
            for message in kept:
                tell(self._runtime, self._tally, message, decision, detail)

    def _write(self, messages: Sequence[OutboxMessage], values: dict[str, Any]) -> Sequence[OutboxMessage]:
        """Return those that were written: all of them, or none where the claim was lost.

        Where the database refuses the statement, each is written alone, and one that is refused again without the
        text of its error: what cannot be written down spoils no other.
        """
        try:
            return messages if self._written(messages, values) else []
        except NotReady:
            raise
        except Exception as error:
            if len(messages) > 1:
                return [message for each in messages for message in self._write([each], values)]
            if values.get("last_error") and values["last_error"] != _name_alone(values["last_error"]):
                return self._write(messages, {**values, "last_error": _name_alone(values["last_error"])})
            return self._unwritable(messages, error)

    def _unwritable(self, messages: Sequence[OutboxMessage], error: Exception) -> Sequence[OutboxMessage]:
        for message in messages:
            fail(self._tally, message, f"its outcome cannot be written down: {type(error).__name__}")
        return messages[:0]

    def _written(self, messages: Sequence[OutboxMessage], values: dict[str, Any]) -> bool:
        ids = [message.id for message in messages]
        statement, fence = (_one, {"one": ids[0]}) if len(ids) == 1 else (_several, {"several": ids})
        new = {f"new_{name}": value for name, value in values.items()}
        rows, was_repeated = self._writer.write(statement(tuple(values)), {"token": self._lease.token, **fence, **new})
        return rows == len(ids) or (was_repeated and "state" in values and self._stands(ids, values["state"]))

    def _stands(self, ids: Sequence[int], state: str) -> bool:
        """Tell whether the outcome was written by a first statement, whose answer was lost."""
        there = OutboxMessage.id.in_(ids), OutboxMessage.state == state
        with self._runtime.reading() as session:
            return session.scalar(select(func.count()).select_from(OutboxMessage).where(*there)) == len(ids)


# Statements are built once for the columns that they write: building one takes as long as running it.


@cache
def _one(columns: tuple[str, ...]) -> Update:
    return _fenced(OutboxMessage.id == bindparam("one"), columns)


@cache
def _several(columns: tuple[str, ...]) -> Update:
    return _fenced(OutboxMessage.id.in_(bindparam("several", expanding=True)), columns)


def _fenced(which: ColumnElement[bool], columns: Iterable[str]) -> Update:
    new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns}
    return update(OutboxMessage).where(which, OutboxMessage.lease_token == bindparam("token")).values(new)


def outcome_of(message: OutboxMessage, decision: Decision, detail: str, now: datetime) -> dict[str, Any]:
    """Return what a decision writes into the row of an effect, which is given as it was before its claim."""
    values: dict[str, Any] = {"state": decision.state.value, "alone": decision.alone}
    if decision.state is not EffectState.SENDING:
        values |= RELEASED
    if decision.is_final:
        values["done_at"] = now
    if decision.wait is not None:
        values["due_at"] = max(message.due_at, now + jittered(decision.wait, message.effect_key))
    if not decision.counts:
        values["attempts"] = message.attempts
    if decision.undoes:
        values |= {"first_tried_at": message.first_tried_at, "marked_at": message.marked_at}
    if detail or decision.state is EffectState.DONE:
        values["last_error"] = detail or None
    return values


def alike(
    messages: Iterable[OutboxMessage], values_of: Callable[[OutboxMessage], dict[str, Any]]
) -> list[tuple[dict[str, Any], list[OutboxMessage]]]:
    """Group effects by what is written into them, so that each group is one statement."""
    groups: dict[tuple[Any, ...], list[OutboxMessage]] = defaultdict(list)
    for message in messages:
        groups[tuple(values_of(message).items())].append(message)
    return [(dict(values), group) for values, group in groups.items()]


def tell(runtime: Runtime, tally: Tally, effect: Named, decision: Decision, detail: str) -> None:
    """Count one outcome that was written; log and signal a try that did not succeed."""
    state, kind = decision.state, effect.kind
    if state is EffectState.DONE:
        tally.delivered[kind] += 1
    elif state is EffectState.SUPERSEDED:
        tally.superseded[kind] += 1
    elif state is EffectState.NO_RECIPIENT:
        tally.no_recipient[kind] += 1
        log.warning("%s has no recipient", effect.effect_key)
    elif decision.needs_a_human:
        fail(tally, effect, detail)
        _signal(runtime, effect, state, detail)
    elif decision.wait is not None:
        tally.deferred[kind] += 1
        if decision.counts:
            _signal(runtime, effect, state, detail)
        else:
            tally.snoozed[kind] += 1


def fail(tally: Tally, effect: Named, error: str) -> None:
    """Count and name an effect that needs a human."""
    tally.failed[effect.kind] += 1
    tally.fail(effect.effect_key, error)


def _signal(runtime: Runtime, effect: Named, state: EffectState, error: str) -> None:
    log.warning("%s failed and is %s", effect.effect_key, state.value)
    facts = {"effect_key": effect.effect_key, "kind": effect.kind, "account_id": effect.account_id}
    send(effect_failed, runtime.app, state=state.value, error=error, **facts)


def _name_alone(error: str) -> str:
    name = error.partition(":")[0]
    return name if name.isidentifier() and name.isascii() else NO_TEXT
