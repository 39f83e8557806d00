"""`flask subs outbox`: effects that wait, failed, or are held."""

from __future__ import annotations

from collections.abc import Sequence

import click
from sqlalchemy import select

from ..actions import effects as actions
from ..database.readable import readable
from ..domain.emails import EMAILS
from ..domain.retry import OPEN, EffectState
from ..domain.states import WorkspaceWish
from ..errors import InvalidInput
from ..models import OutboxMessage
from ..reports.account import effect
from .common import echo_json, in_app, runtime, say, stored_text, when
from .operating import operating

GIVEN_UP = [state.value for state in actions.GIVEN_UP]
KINDS = [*EMAILS, *(wish.value for wish in WorkspaceWish)]


def _kinds(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    return [kind for kind in KINDS if kind.startswith(begun)]


@click.group("outbox")
def command() -> None:
    """List, retry or drop effects."""


@command.command("list")
@click.option("--state", type=click.Choice([state.value for state in EffectState]), help="Only those in this state.")
@click.option("--kind", metavar="KIND", callback=stored_text, shell_complete=_kinds, help="Only those of this kind.")
@click.option("--account", "account_id", metavar="ACCOUNT", callback=stored_text, help="Only this account's.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", default=1000, show_default=True, help="At most N.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@in_app
def list_effects(state: str | None, kind: str | None, account_id: str | None, limit: int, as_json: bool) -> None:
    """List effects that wait, were given up, or are held; those in other states with --state."""
    wanted = select(OutboxMessage).where(OutboxMessage.being(*([EffectState(state)] if state else OPEN)))
    if kind is not None:
        wanted = wanted.where(OutboxMessage.kind == kind)
    if account_id is not None:
        wanted = wanted.where(OutboxMessage.account_id == account_id)
    ordered = wanted.order_by(OutboxMessage.due_at, OutboxMessage.id).limit(limit)
    found = readable(runtime().database, OutboxMessage, ordered)
    if kind is not None and kind not in KINDS and not found:  # the host may have kinds of its own
        raise InvalidInput(f"there is no effect of the kind {kind!r}; usual ones are {', '.join(KINDS)}")
    for message in found:
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
