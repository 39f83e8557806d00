"""`flask subs outbox`: effects that wait, failed, or are held."""

from __future__ import annotations

from collections.abc import Sequence

import click
from sqlalchemy import select

from ..actions import effects as actions
from ..database.readable import readable
from ..domain.retry import EffectState
from ..models import OutboxMessage
from ..reports.account import effect
from .common import echo_json, in_app, runtime, say, stored_text, when
from .operating import operating

GIVEN_UP = [state.value for state in actions.GIVEN_UP]
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
    for message in readable(runtime().database, OutboxMessage, statement):
        echo_json(effect(message)) if as_json else say(_line(message))


@command.command("retry")
@click.argument("keys", nargs=-1, metavar="[KEY...]", callback=stored_text)
@click.option("--state", type=click.Choice(GIVEN_UP), help="Without a key: all in this state.  [default: dead]")
@in_app
def retry(keys: tuple[str, ...], state: str | None) -> None:
    """Queue given-up effects anew; without a key, all dead ones."""
    if keys and state:
        raise click.UsageError("name keys or a state, not both")
    with operating() as context:
        left = actions.left_alone(context, keys, actions.GIVEN_UP)
        count = actions.retry(context, keys, EffectState(state or EffectState.DEAD))
    _say_done(f"{count} queued anew", left)


@command.command("drop")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...", callback=stored_text)
@in_app
def drop(keys: tuple[str, ...]) -> None:
    """Give effects up for good."""
    with operating() as context:
        left = actions.left_alone(context, keys, actions.DROPPABLE)
        count = actions.drop(context, keys)
    _say_done(f"{count} dropped", left)


def _say_done(done: str, left: Sequence[str]) -> None:
    say("; ".join([done, *(f"{effect}, and was left" for effect in left)]))


def _line(message: OutboxMessage) -> str:
    said = [text for text in (effect(message)["last_error"], message.fault) if text]
    return "  ".join(
        [when(message.due_at), f"{message.state:<12}", message.effect_key, f"tried {message.attempts}", *said]
    )
