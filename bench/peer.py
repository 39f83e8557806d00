"""django-post-office's way: `python peer.py URL PORT CONNECTIONS EMAILS` prints the seconds an email takes.

The words of its letter come as JSON on standard input, with `{{ name }}` where each has its own. It runs in an
environment of its own, which has Django and knows nothing of this project.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command


def main(url: str, port: int, connections: int, emails: int) -> float:
    where = urlsplit(url)
    settings.configure(
        SECRET_KEY="bench",
        USE_TZ=True,
        LOGGING_CONFIG=None,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "post_office"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": where.hostname,
                "PORT": where.port,
                "USER": where.username,
                "PASSWORD": where.password or "",
                "NAME": where.path.strip("/"),
            }
        },
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        EMAIL_BACKEND="post_office.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        POST_OFFICE={"THREADS_PER_PROCESS": connections, "BATCH_SIZE": 100 * connections},
    )
    django.setup()
    logging.disable(logging.INFO)  # it tells of every batch
    call_command("migrate", verbosity=0)
    from post_office.models import EmailTemplate

    template = EmailTemplate.objects.create(name="trial", **json.load(sys.stdin))
    _send(template, 1)  # opens what is opened once
    return _send(template, emails) / emails


def _send(template: Any, emails: int) -> float:
    """Queue so many emails, then return the seconds in which they are sent, batch by batch, as its command does."""
    from post_office import mail

    one = {"sender": "billing@host.example", "template": template, "render_on_delivery": True}
    names = [f"owner-{number}" for number in range(emails)]
    mail.send_many([{**one, "recipients": [f"{name}@customer.example"], "context": {"name": name}} for name in names])
    began = time.perf_counter()
    sent = 0
    while done := mail.send_queued()[0]:
        sent += done
    taken = time.perf_counter() - began
    assert sent == emails, f"{sent} of {emails} were sent"
    return taken


if __name__ == "__main__":
    print(main(sys.argv[1], *map(int, sys.argv[2:])))
