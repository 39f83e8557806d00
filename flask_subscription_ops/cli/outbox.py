"""`flask subs outbox`: effects that wait, failed, or are held."""

from __future__ import annotations

import click
from sqlalchemy import select

from ..actions import effects as actions
from ..actions.context import context_of
from ..domain.clock import to_text
from ..domain.retry import EffectState
from ..models import OutboxMessage
from ..reports.account import effect
from .common import echo_json, in_app, runtime, say, stored_text

WAITING = ("pending", "sending", "dead", "held", "no_recipient")


@click.group("outbox")
def command() -> None:
    """List, retry or drop effects."""


@command.command("list")
@click.option("--state", type=click.Choice([state.value for state in EffectState]), help="Only those in this state.")
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@in_app
def list_effects(state: str | None, limit: int, as_json: bool) -> None:
    """List effects that are not done."""
    wanted = OutboxMessage.state.in_([state] if state else WAITING)
    statement = select(OutboxMessage).where(wanted).order_by(OutboxMessage.due_at, OutboxMessage.id).limit(limit)
    with runtime().reading() as session:
        for message in session.scalars(statement):
            echo_json(effect(message)) if as_json else say(_line(message))


@command.command("retry")
@click.argument("keys", nargs=-1, metavar="[KEY...]", callback=stored_text)
@in_app
def retry(keys: tuple[str, ...]) -> None:
    """Queue given-up effects anew; without a key, all dead ones."""
    say(f"{_write(actions.retry, keys)} queued anew")


@command.command("drop")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...", callback=stored_text)
@in_app
def drop(keys: tuple[str, ...]) -> None:
    """Give effects up for good."""
    say(f"{_write(actions.drop, keys)} dropped")


def _write(action: object, keys: tuple[str, ...]) -> int:
    work_on = runtime()
    with work_on.writing() as session:
        count: int = action(context_of(work_on, session, actor="operator"), keys)  # type: ignore[operator]  # one of two functions of one shape
        return count


def _line(message: OutboxMessage) -> str:
    said = effect(message)["last_error"]
    error = f"  {said}" if said else ""
    return f"{to_text(message.due_at)}  {message.state:<12}  {message.effect_key}  tried {message.attempts}{error}"
