"""An email as Flask-Mail's own message, for the apps that record instead of send."""

from __future__ import annotations

from email.utils import formataddr

from flask import Flask

from ..address import named_mailbox
from ..base import Email


def dispatch(app: Flask, email: Email) -> None:
    """Tell Flask-Mail's `email_dispatched`, so that `mail.record_messages()` sees the email."""
    from flask_mail import Message, email_dispatched

    message = Message(
        subject=email.subject,
        recipients=[(email.recipient_name, email.recipient) if email.recipient_name else email.recipient],
        body=email.text,
        html=email.html,
        sender=formataddr(named_mailbox(email.sender)),
        date=email.date.timestamp(),
        extra_headers=dict(email.headers),
    )
    message.msgId = email.message_id
    email_dispatched.send(app, message=message)
