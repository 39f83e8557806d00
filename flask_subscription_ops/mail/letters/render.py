"""Notices as emails: the same notice always gives the same bytes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from flask import Flask

from ...domain.contacts import zone_of
from ...errors import ConfigurationError, PermanentFailure, TemporaryFailure
from ...outside.text import one_line
from ...settings.values import BYTE_ORDER_MARK
from ..address import mailbox, named_mailbox, party, written
from ..base import Email
from ..requirements import missing_sender, reply_to
from .notice import Notice

if TYPE_CHECKING:
    from ...settings import Settings
    from .environment import Templates

__all__ = ["Notice", "Renderer"]

SUBJECT_MARK = "Subject:"
TEST_MARK = "[TEST]"
NAME_LIMIT = 80


class Renderer:
    """Renders with the host's templates where there are any, in the contact's language and zone.

    A host's `templates/subscription_ops/mail/<kind>.txt` and `.html` win over the package's.
    """

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    def render(self, notice: Notice) -> Email:
        """Return the email; PermanentFailure without one mailbox, TemporaryFailure while its template is broken."""
        recipient = mailbox(notice.contact.email or "")
        subject, text, html = self._say(notice)
        return Email(
            key=notice.key,
            kind=notice.kind,
            sender=self.sender,
            recipient=recipient,
            recipient_name=one_line(notice.contact.name or "", NAME_LIMIT),
            subject=subject,
            text=text,
            html=html,
            message_id=self._message_id(notice.key),
            date=notice.at,
            headers={"X-Subs-Effect": notice.key, **self._headers},
        )

    def kinds(self) -> list[str]:
        """Return every kind of email there is a template for, the host's own included."""
        return self._templates.kinds()

    def sample(self, kind: str, locale: str = "en", at: datetime | None = None) -> Notice:
        """Return a believable notice of a kind, for previews; as of `at`, else as of a day that is always the same."""
        from .samples import AT, sample

        return sample(kind, locale, at or AT)

    def render_test(self, kind: str, address: str, locale: str, at: datetime) -> Email:
        """Return a sample for whoever wants to see it in an inbox: marked, the email of no effect, each a new one."""
        notice = self.sample(kind, locale, at)
        contact, key = replace(notice.contact, email=address), f"test:{kind.replace('_', '-')}:{token_hex(8)}"
        email = self.render(replace(notice, key=key, contact=contact))
        return replace(email, subject=f"{TEST_MARK} {email.subject}", headers=self._headers)

    def problems(self) -> list[str]:
        """Render a sample of every kind in every language; return what cannot be rendered, each once."""
        found = []
        for language in sorted(self._templates.languages.spoken):
            for kind in self.kinds():
                try:
                    self.render(self.sample(kind, language))
                except TemporaryFailure as error:
                    found.append(str(error))
        return list(dict.fromkeys(found))

    @cached_property
    def sender(self) -> str:
        """Return SUBS_MAIL_SENDER, else MAIL_DEFAULT_SENDER; raise ConfigurationError where neither can be used."""
        if problems := missing_sender(self._app, self._settings):
            raise ConfigurationError(problems)
        given: Any = self._settings.mail_sender or self._app.config.get("MAIL_DEFAULT_SENDER")
        if not given:
            return "subscriptions@localhost"
        try:
            name, address = party(given)
        except PermanentFailure as error:
            problem = f"SUBS_MAIL_SENDER or MAIL_DEFAULT_SENDER cannot be used, {error}: write Name <name@example.com>"
            raise ConfigurationError([problem]) from None
        return written(name, address)

    @cached_property
    def _headers(self) -> dict[str, str]:
        answers = reply_to(self._settings)
        return {"Auto-Submitted": "auto-generated", **({"Reply-To": answers} if answers else {})}

    @cached_property
    def _templates(self) -> Templates:
        from .environment import Templates  # loads Babel, which commands that send nothing do without

        return Templates(self._app, zone_of(self._settings.timezone))

    def _say(self, notice: Notice) -> tuple[str, str, str]:
        from .faults import fault_of
        from .wording import variables

        try:
            context = variables(notice, self._settings, self._app.name, self._templates.languages)
            language = str(context["locale"])
            subject, text = self._split(notice.kind, self._templates.render(notice.kind, "txt", language, context))
            html = self._templates.render(notice.kind, "html", language, {**context, "subject": subject})
        except TemporaryFailure:
            raise
        except Exception as error:  # a host's template may fail in any way, and can be mended
            raise TemporaryFailure(f"the email {notice.kind!r} cannot be rendered: {fault_of(error)}") from error
        return subject, text, html

    def _split(self, kind: str, rendered: str) -> tuple[str, str]:
        """Part the subject, which is the first line, from the text."""
        first, _, rest = rendered.removeprefix(BYTE_ORDER_MARK).lstrip().partition("\n")
        if not first.startswith(SUBJECT_MARK):
            from .faults import end_of

            file = end_of(self._templates.file_of(kind, "txt"))
            remedy = f"begin {file} with a line such as: {SUBJECT_MARK} Your trial has begun"
            raise TemporaryFailure(f"the email {kind!r} cannot be rendered, it has no subject: {remedy}")
        paragraphs = (line.strip() for line in rest.split("\n\n"))
        return one_line(first.removeprefix(SUBJECT_MARK)), "\n\n".join(filter(None, paragraphs)) + "\n"

    def _message_id(self, key: str) -> str:
        domain = named_mailbox(self.sender)[1].rpartition("@")[2]
        return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"
