"""`flask subs mail`: see an email before anybody gets it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click
from flask import current_app

from ..domain.emails import EMAILS
from ..errors import ConfigurationError, InvalidInput, PermanentFailure
from ..mail.address import mailbox
from ..mail.base import Outcome, Verdict
from .common import COULD_NOT_RUN, FOUND, echo_json, fail, in_app, runtime, say

if TYPE_CHECKING:
    from ..mail.letters.render import Renderer

KINDS = f"KIND is one of {', '.join(EMAILS)}, or one that a template of yours adds."
REMEDIES = {
    Verdict.REFUSED: "refused; try another address, or correct the sender",
    Verdict.DEFERRED: "not taken now; try again later",
    Verdict.UNKNOWN: "it may have been sent; look into the inbox before you try again",
}


def kinds_like(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete a kind of email; an app's own are known where it runs."""
    kinds = runtime().renderer.kinds() if current_app else sorted(EMAILS)
    return [kind for kind in kinds if kind.startswith(incomplete)]


def one_mailbox(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Read an argument that is one email address; anything else is wrong usage."""
    try:
        return mailbox(value)
    except PermanentFailure as error:
        raise click.BadParameter(str(error), context, parameter) from None


@click.group("mail")
def command() -> None:
    """Look at emails."""


@command.command("preview", epilog=KINDS)
@click.argument("kind", shell_complete=kinds_like)
@click.option("--locale", default="en", show_default=True, help="The contact's locale.")
@click.option("--html", "as_html", is_flag=True, help="Print the HTML part instead of the text.")
@in_app
def preview(kind: str, locale: str, as_html: bool) -> None:
    """Print one kind of email as a made-up customer would get it."""
    renderer = _renderer_of(kind)
    email = renderer.render(renderer.sample(kind, locale))
    if as_html:
        click.echo(email.html)
        return
    click.echo(f"From: {email.sender}\nTo: {email.recipient_name} <{email.recipient}>\nSubject: {email.subject}\n")
    click.echo(email.text)


@command.command("send-test", epilog=KINDS)
@click.argument("kind", shell_complete=kinds_like)
@click.argument("address", callback=one_mailbox)
@click.option("--locale", default="en", show_default=True, help="The contact's locale.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@in_app
def send_test(kind: str, address: str, locale: str, as_json: bool) -> None:
    """Send one kind of email to an address, marked as a test; nothing is stored."""
    outcome = _hand_over(kind, address, locale)
    transport = ", ".join(runtime().settings.mail)
    if as_json:
        told = {"kind": kind, "subject": outcome.email.subject, "verdict": outcome.verdict.value}
        echo_json({**told, "transport": transport, "detail": outcome.detail})
    if outcome.verdict is not Verdict.ACCEPTED:
        _explain(outcome)
    if not as_json:
        say(f"{transport} took {outcome.email.subject!r}{outcome.detail and f', {outcome.detail}'}")


def _renderer_of(kind: str) -> Renderer:
    renderer = runtime().renderer
    if kind not in renderer.kinds():
        raise InvalidInput(f"there is no email {kind!r}; there are {', '.join(renderer.kinds())}")
    return renderer


def _hand_over(kind: str, address: str, locale: str) -> Outcome:
    from ..mail.requirements import missing

    renderer, now = _renderer_of(kind), runtime().clock()
    if problems := missing(runtime().app, runtime().settings):
        raise ConfigurationError(problems)
    email = renderer.render_test(kind, address, locale, _whole_second(now))
    [outcome] = runtime().transport.send([email])
    return outcome


def _whole_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _explain(outcome: Outcome) -> None:
    why = outcome.detail or outcome.verdict.value
    if outcome.unreachable:
        doctor = runtime().settings.command("doctor")
        fail(f"the mail transport cannot be used: {why}; `{doctor}` tells what to mend", COULD_NOT_RUN)
    fail(f"{why}: {REMEDIES[outcome.verdict]}", FOUND)
