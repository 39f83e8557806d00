"""django-post-office's way: `python peer.py URL PORT CONNECTIONS EMAILS` prints the seconds an email takes.

It runs in an environment of its own, which has Django and knows nothing of this project.
"""

from __future__ import annotations

import sys
import time
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command

TEXT = "Your trial ends soon.\n" * 20
HTML = "<p>Your trial ends soon.</p>\n" * 30


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
    call_command("migrate", verbosity=0)
    _send(1)  # opens what is opened once
    return _send(emails) / emails


def _send(emails: int) -> float:
    """Queue so many emails, then return the seconds in which they are sent, batch by batch, as its command does."""
    from post_office import mail

    one = {"sender": "billing@host.example", "subject": "Your trial", "message": TEXT, "html_message": HTML}
    mail.send_many([{**one, "recipients": [f"owner-{number}@customer.example"]} for number in range(emails)])
    began = time.perf_counter()
    sent = 0
    while done := mail.send_queued()[0]:
        sent += done
    taken = time.perf_counter() - began
    assert sent == emails, f"{sent} of {emails} were sent"
    return taken


if __name__ == "__main__":
    print(main(sys.argv[1], *map(int, sys.argv[2:])))
