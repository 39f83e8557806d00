"""P9 and P10: emails a second, every outcome written down before the next email of that connection."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from flask_mail import Mail
from sqlalchemy import create_engine, text

from tests.hosts import NOON

from . import cron_script
from .databases import Databases, Shape
from .host import running
from .jobs import trial_check
from .measure import Verdict, interleaved

ROOT = Path(__file__).parents[1]
TEXT = "Your trial ends soon.\n" * 20
HTML = "<p>Your trial ends soon.</p>\n" * 30
MARK = text("UPDATE subs_outbox SET state = 'done', done_at = now(), attempts = attempts + 1 WHERE id = :id")
NOT_COMPARED = "django-post-office, Celery and procrastinate are not installed and not compared here"
PEER = 3.2  # django-post-office over a cron script's way on another machine: a stand-in for the peer itself


def smtp(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P9: without delay, and with 20 ms a reply over 16 connections."""
    fresh = databases.fresh("postgresql", Shape(10_000, reminded=True))
    for delay, connections, emails, bound in ((0, 1, 300, PEER), (20, 16, 30, 24)):
        with _sink("smtp", delay) as port:
            ways = {
                "ours": partial(_ours_smtp, port=port, connections=connections),
                "cron script": partial(_cron_script_smtp, port=port, emails=emails),
            }
            taken = interleaved(ways, fresh, repeats)
        what = f"SMTP, {delay} ms a reply, {connections} connections: emails a second / a cron script's way"
        note = ", ".join(f"{name} {1 / value:,.0f}/s" for name, value in taken.items())
        yield Verdict(
            "P9", what, taken["cron script"] / taken["ours"], bound, at_least=True, note=f"{note}; {NOT_COMPARED}"
        )


def mailjet(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P10: fifty messages a call against one."""
    fresh = databases.fresh("postgresql", Shape(10_000, reminded=True))
    for delay, connections, single_emails, bound in ((0, 1, 300, 3), (20, 2, 50, 30)):
        with _sink("mailjet", delay) as port:
            ways = {
                "ours": partial(_ours_mailjet, port=port, connections=connections),
                "one a call": partial(_single_mailjet, port=port, emails=single_emails),
            }
            taken = interleaved(ways, fresh, repeats)
        what = f"Mailjet, {delay} ms a call, {connections} connections: emails a second / one a call"
        note = ", ".join(f"{name} {1 / value:,.0f}/s" for name, value in taken.items())
        yield Verdict("P10", what, taken["one a call"] / taken["ours"], bound, at_least=True, note=note)


def _ours_smtp(url: str, port: int, connections: int) -> float:
    server = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": port}
    pool = {"pool_size": connections + 2}  # one each, the run's own, and one to spare
    return _deliver(url, SUBS_MAIL="smtp", SUBS_MAIL_CONNECTIONS=connections, SQLALCHEMY_ENGINE_OPTIONS=pool, **server)


def _ours_mailjet(url: str, port: int, connections: int) -> float:
    keys = {"SUBS_MAILJET_API_KEY": "key-of-the-bench", "SUBS_MAILJET_API_SECRET": "hush-of-the-bench"}
    server = {"SUBS_MAILJET_API_BASE": f"http://127.0.0.1:{port}/"}
    return _deliver(url, SUBS_MAIL="mailjet", SUBS_MAIL_CONNECTIONS=connections, **keys, **server)


def _deliver(url: str, **config: Any) -> float:
    """Return the seconds an email takes, rendering and bookkeeping included."""
    trial_check(url)
    with running(url, **config) as subs:
        if config["SUBS_MAIL"] == "smtp":
            Mail().init_app(subs.runtime.app)
        subs.run_job("deliver", as_of=NOON, limit=1)  # opens what is opened once: templates, translations
        began = time.perf_counter()
        report = subs.run_job("deliver", as_of=NOON)
        taken = time.perf_counter() - began
    sent = report.tally.delivered.total()
    assert sent == 299, report.to_dict()
    return taken / sent


def _cron_script_smtp(url: str, port: int, emails: int) -> float:
    trial_check(url)
    app = cron_script.make_app(url, MAIL_SERVER="127.0.0.1", MAIL_PORT=port)
    mail = Mail(app)
    with app.app_context():
        return _one_by_one(url, emails, lambda to: cron_script.send_email(mail, to, "Your trial", TEXT, HTML))


def _single_mailjet(url: str, port: int, emails: int) -> float:
    from mailjet_rest import Client

    trial_check(url)
    client = Client(auth=("key", "secret"), version="v3.1", api_url=f"http://127.0.0.1:{port}/")

    def send(to: str) -> None:
        parties = {"From": {"Email": "billing@host.example"}, "To": [{"Email": to}]}
        client.send.create(
            data={"Messages": [{**parties, "Subject": "Your trial", "TextPart": TEXT, "HTMLPart": HTML}]}
        )

    return _one_by_one(url, emails, send)


def _one_by_one(url: str, emails: int, send: Any) -> float:
    """Send, then UPDATE and COMMIT, for each; return the seconds an email takes."""
    engine = create_engine(url)
    with engine.connect() as connection:
        due = "SELECT id, account_id FROM subs_outbox WHERE state = 'pending' LIMIT :emails"
        rows = connection.execute(text(due), {"emails": emails}).all()
        connection.commit()
        began = time.perf_counter()
        for message_id, account_id in rows:
            send(f"owner-{account_id}@customer.example")
            connection.execute(MARK, {"id": message_id})
            connection.commit()
        taken = time.perf_counter() - began
    engine.dispose()
    return taken / len(rows)


@contextmanager
def _sink(kind: str, delay: float) -> Iterator[int]:
    command = [sys.executable, "-m", "bench.sinks", kind, str(delay)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdin
        assert sink.stdout
        yield int(sink.stdout.readline())
        sink.stdin.close()
