"""`flask subs mail`: see an email before anybody gets it."""

from __future__ import annotations

import click

from ..errors import InvalidInput
from .common import in_app, runtime


@click.group("mail")
def command() -> None:
    """Look at emails."""


@command.command("preview")
@click.argument("kind")
@click.option("--locale", default="en", show_default=True, help="The contact's language.")
@click.option("--html", "as_html", is_flag=True, help="Print the HTML part instead of the text.")
@in_app
def preview(kind: str, locale: str, as_html: bool) -> None:
    """Print one kind of email as a made-up customer would get it."""
    renderer = runtime().renderer
    if kind not in renderer.kinds():
        raise InvalidInput(f"there is no email {kind!r}; there are {', '.join(renderer.kinds())}")
    email = renderer.render(renderer.sample(kind, locale))
    if as_html:
        click.echo(email.html)
        return
    click.echo(f"From: {email.sender}\nTo: {email.recipient_name} <{email.recipient}>\nSubject: {email.subject}\n")
    click.echo(email.text)
