"""P9 and P10: emails a second, every outcome written down before the next email of that connection."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from flask_mail import Mail
from sqlalchemy import create_engine, text

from flask_subscription_ops import Contact
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
CUSTOMERS = 30_000
EMAILS = CUSTOMERS * 30 // 1000  # reminders that are due
NOT_COMPARED = "Celery and procrastinate are not compared here"
PEER = ROOT / ".cache" / "post-office"  # an environment of its own: this project never depends on it


def smtp(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P9: without delay beside django-post-office, and with 20 ms a reply over 16 connections."""
    fresh = databases.fresh("postgresql", Shape(CUSTOMERS, reminded=True))
    peer = _peer()
    for connections, bound in ((1, 0.8), (5, 1.0)):
        with _sink("smtp", 0) as port:
            ways = {"ours": partial(_ours_smtp, port=port, connections=connections)}
            if peer is not None:
                ways["post-office"] = partial(_post_office, peer=peer, port=port, connections=connections)
                what = f"SMTP, no delay, {connections} connections: emails a second / django-post-office's"
                yield _verdict("P9", what, bound, interleaved(ways, fresh, repeats))
    with _sink("smtp", 20) as port:
        ways = {
            "ours": partial(_ours_smtp, port=port, connections=16),
            "cron script": partial(_cron_script_smtp, port=port, emails=30),
        }
        what = "SMTP, 20 ms a reply, 16 connections: emails a second / a cron script's way"
        yield _verdict("P9", what, 24, interleaved(ways, fresh, repeats))


def mailjet(databases: Databases, size: int, repeats: int) -> Iterator[Verdict]:
    """P10: fifty messages a call against one, both rendered from the same templates."""
    fresh = databases.fresh("postgresql", Shape(CUSTOMERS, reminded=True))
    for delay, connections, single_emails, bound in ((0, 1, 300, 3), (20, 2, 50, 30)):
        with _sink("mailjet", delay) as port:
            ways = {
                "ours": partial(_ours_mailjet, port=port, connections=connections),
                "one a call": partial(_single_mailjet, port=port, emails=single_emails),
            }
            taken = interleaved(ways, fresh, repeats)
        what = f"Mailjet, {delay} ms a call, {connections} connections: emails a second / one a call"
        yield _verdict("P10", what, bound, taken)


def _verdict(goal: str, what: str, bound: float, taken: Mapping[str, float]) -> Verdict:
    ours, rivals = taken["ours"], next(value for name, value in taken.items() if name != "ours")
    note = ", ".join(f"{name} {1 / value:,.0f}/s" for name, value in taken.items())
    return Verdict(goal, what, rivals / ours, bound, at_least=True, note=f"{note}; {NOT_COMPARED}")


def _peer() -> Path | None:
    """Return the interpreter of an environment that has django-post-office, made where there is none."""
    python = PEER / "bin" / "python"
    try:
        if not python.exists():
            venv.create(PEER, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "django-post-office", "psycopg[binary]"]
        subprocess.run(install, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"P9   skipped: django-post-office cannot be installed into {PEER}: {error}", file=sys.stderr)
        return None
    return python


def _post_office(url: str, peer: Path, port: int, connections: int) -> float:
    """Let it render the words of our own letter."""
    with running(url) as subs:
        notice = subs.runtime.renderer.sample("trial_reminder")
        contact = replace(notice.contact, name="{{ name }}")
        email = subs.runtime.renderer.render(replace(notice, contact=contact))
    template = json.dumps({"subject": email.subject, "content": email.text, "html_content": email.html})
    command = [peer, Path(__file__).with_name("peer.py"), url, str(port), str(connections), str(EMAILS)]
    return float(subprocess.run(command, check=True, input=template, stdout=subprocess.PIPE, text=True).stdout)


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
    assert sent == EMAILS - 1, report.to_dict()
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
    with running(url) as subs:
        renderer = subs.runtime.renderer
        notice = renderer.sample("trial_reminder")

        def send(to: str) -> None:
            email = renderer.render(replace(notice, contact=Contact(to)))
            parties = {"From": {"Email": "billing@host.example"}, "To": [{"Email": to}]}
            parts = {"Subject": email.subject, "TextPart": email.text, "HTMLPart": email.html}
            client.send.create(data={"Messages": [{**parties, **parts}]})

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
