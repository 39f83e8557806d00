"""Kill workers at random moments, let everything become quiet, and tell what was lost, repeated or left behind."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from flask_subscription_ops import SubscriptionOps
from flask_subscription_ops.models import AuditEntry, OutboxMessage, Subscription
from flask_subscription_ops.reports.audit import verify

from .customers import Customers
from .shop import LEASE_SECONDS, Site, make_shop, may_be_held, read_notes

ROOT = Path(__file__).parents[2]
WORKERS = 4
LOG_BETWEEN_KILLS = 2500  # bytes at most: about ten emails
PATIENCE = 1.5  # seconds at most from one kill to the next
LONGEST_WAIT = timedelta(hours=2)  # of an effect that was tried a few times
ENDED = ("expired", "canceled")
FINISHED = ("done", "superseded", "no_recipient")


@dataclass
class Findings:
    """What the kills did; `problems` is empty where every promise was kept."""

    kills: int = 0
    seconds: float = 0.0
    customers: int = 0
    emails: int = 0
    repeated_emails: int = 0
    recognised_emails: int = 0  # accepted before a kill, and known as such when they were asked about
    held_emails: int = 0
    emails_in_peace: int = 0
    operations: int = 0
    repeated_operations: int = 0
    problems: list[str] = field(default_factory=list)

    def expect(self, kept: object, sentence: str) -> None:
        if not kept:
            self.problems.append(sentence)


def ordeal(url: str, folder: Path, *, mail: str, kills: int, seed: int) -> Findings:
    """Run four workers, kill one after the other while customers keep coming, then run the jobs once in peace."""
    began = time.monotonic()
    with running(f"tests.crash.sinks.{mail}", str(folder / "emails.jsonl")) as sink:
        site = Site(url, str(folder), mail, int(_line(sink)))
        app, db, subs = make_shop(site)
        with app.app_context():
            db.create_all()
            customers = Customers(db, subs)
            customers.add(rounds=10)
            _kill_workers(site, customers, kills, random.Random(seed))
            time.sleep(LEASE_SECONDS + 0.2)
            findings = Findings(kills=kills, emails_in_peace=_run_in_peace(subs))
            _look(site, subs, customers, findings)
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()
    findings.seconds = round(time.monotonic() - began, 1)
    return findings


def _kill_workers(site: Site, customers: Customers, kills: int, dice: random.Random) -> None:
    with running("tests.crash.nursery", site.to_json()) as nursery:
        workers = [start_worker(nursery) for _ in range(WORKERS)]
        for _ in range(kills):
            customers.add()
            _wait_for_work(site, dice)
            victim = dice.randrange(WORKERS)
            kill_worker(nursery, workers[victim])
            workers[victim] = start_worker(nursery)
        time.sleep(0.5)
        for worker in workers:
            kill_worker(nursery, worker)


def _wait_for_work(site: Site, dice: random.Random) -> None:
    """Wait until some more emails have arrived, so that a slow machine's workers are killed at work too."""
    enough = _size(site.emails) + dice.uniform(0, LOG_BETWEEN_KILLS)
    until = time.monotonic() + PATIENCE
    while _size(site.emails) < enough and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(dice.uniform(0, 0.02))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _run_in_peace(subs: SubscriptionOps) -> int:
    """Run until nothing is due, now and when what was put off is due again; return how many emails that sent."""
    reports = [subs.run_job("trial-check")]
    now, subs.runtime.clock = subs.runtime.clock, lambda: now() + LONGEST_WAIT
    while not reports[1:] or reports[-1].examined:
        reports.append(subs.run_job("deliver"))
    sent = sum((report.tally.delivered for report in reports), Counter[str]())
    return sent.total() - sent["suspend_workspaces"] - sent["resume_workspaces"]


def _look(site: Site, subs: SubscriptionOps, customers: Customers, findings: Findings) -> None:
    findings.kills += WORKERS  # the last four went the same way
    findings.customers = customers.count
    _look_at_troubles(site, findings)
    _look_at_calls(site, customers, findings)
    with subs.runtime.reading() as session:
        held = set(session.scalars(select(OutboxMessage.effect_key).where(OutboxMessage.state == "held")))
        findings.held_emails = len(held)
        _look_at_emails(site, customers.emails, held, findings)
        _look_at_subscriptions(session, customers, findings)
        _look_at_outbox(session, findings)
    findings.problems += verify(subs.runtime)


def _look_at_troubles(site: Site, findings: Findings) -> None:
    for trouble in read_notes(site.troubles):
        findings.expect(False, f"a worker had trouble: {trouble.get('error') or trouble}")


def _look_at_emails(site: Site, wanted: set[str], held: set[str], findings: Findings) -> None:
    notes = read_notes(site.emails)
    accepted = [note for note in notes if "key" in note]
    times = Counter(note["key"] for note in accepted)
    findings.emails, findings.repeated_emails = len(times), times.total() - len(times)
    findings.recognised_emails = len({note["recognised"] for note in notes if "recognised" in note})
    lost, unwanted = wanted - set(times) - held, set(times) - wanted
    findings.expect(not lost, f"lost: {sorted(lost)}")
    findings.expect(not unwanted, f"unwanted: {sorted(unwanted)}")
    findings.expect(findings.repeated_emails <= findings.kills, "more emails were repeated than workers killed")
    copies = defaultdict(list)
    for note in accepted:
        copies[note["key"]].append(note)
    cuts = _cuts(notes) if site.mail == "smtp" else set()
    for key, sent in copies.items():
        _look_at_copies(key, sent, cuts, findings)


def _cuts(notes: Sequence[dict[str, Any]]) -> set[tuple[int, str]]:
    """Return the connections that did not end well, each with the last email that went over it."""
    ended_well = {note["left"] for note in notes if "left" in note}
    last_of = {note["connection"]: note["key"] for note in notes if "key" in note}
    return {(connection, key) for connection, key in last_of.items() if connection not in ended_well}


def _look_at_copies(key: str, sent: Sequence[dict[str, Any]], cuts: set[tuple[int, str]], findings: Findings) -> None:
    findings.expect(len({note["message_id"] for note in sent}) == 1, f"{key} had two Message-IDs")
    findings.expect(len({note["digest"] for note in sent}) == 1, f"{key} was not repeated byte for byte")
    findings.expect(len(sent) == 1 or not may_be_held(key), f"{key} went more than once")
    for note in sent[:-1]:
        was_cut = (note.get("connection"), key) in cuts
        findings.expect(was_cut, f"{key} was repeated though no kill cut its connection, or it could be asked about")


def _look_at_calls(site: Site, customers: Customers, findings: Findings) -> None:
    by_account: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for call in read_notes(site.calls):
        by_account[call["account"]].append(call)
    calls = sum(map(len, by_account.values()))
    findings.operations = sum(len({call["operation"] for call in calls}) for calls in by_account.values())
    findings.repeated_operations = calls - findings.operations
    findings.expect(not set(by_account) - set(customers.last_calls), "an account was called for that had no reason")
    for account, expected in customers.last_calls.items():
        made = by_account[account]
        last = (made[-1]["action"], made[-1]["operation"]) if made else None
        findings.expect(last == expected, f"{account}: the last call is {last}, not {expected}")
        generations = [int(call["operation"].rpartition(":")[2]) for call in made]
        findings.expect(generations == sorted(generations), f"{account}: an older operation came after a newer one")


def _look_at_subscriptions(session: Any, customers: Customers, findings: Findings) -> None:
    statuses = dict(map(tuple, session.execute(select(Subscription.id, Subscription.status))))
    endings = select(AuditEntry.subscription_id, func.count()).where(AuditEntry.cause.in_(["trial_ended", "canceled"]))
    times = dict(map(tuple, session.execute(endings.group_by(AuditEntry.subscription_id))))
    findings.expect(set(statuses) == set(customers.statuses), "there are other subscriptions than customers")
    for subscription_id, status in customers.statuses.items():
        findings.expect(statuses[subscription_id] == status, f"sub-{subscription_id} is not {status}")
        once = int(status in ENDED)
        findings.expect(
            times.get(subscription_id, 0) == once, f"sub-{subscription_id} did not end as often as it should"
        )


def _look_at_outbox(session: Any, findings: Findings) -> None:
    for stuck in session.scalars(select(OutboxMessage).where(OutboxMessage.state.not_in(FINISHED))):
        was_held = stuck.state == "held" and may_be_held(stuck.effect_key)
        findings.expect(
            was_held, f"{stuck.effect_key} is {stuck.state} after {stuck.attempts} tries: {stuck.last_error}"
        )
    findings.expect(
        not session.scalar(select(func.count()).where(_is_held())), "a lease or a lane was never given back"
    )


def _is_held() -> Any:
    table = OutboxMessage
    return table.lease_token.is_not(None) | table.lease_until.is_not(None) | table.lane_in_flight.is_not(None)


def start_worker(nursery: subprocess.Popen[str]) -> int:
    """Return the process id of a new worker."""
    return _ask(nursery, "")


def kill_worker(nursery: subprocess.Popen[str], worker: int) -> None:
    """Kill a worker; it is dead when this returns."""
    _ask(nursery, str(worker))


def _ask(nursery: subprocess.Popen[str], request: str) -> int:
    assert nursery.stdin
    nursery.stdin.write(f"{request}\n")
    nursery.stdin.flush()
    return int(_line(nursery))


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline()


@contextmanager
def running(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python module in its own process, which ends when its input does."""
    command = [sys.executable, "-m", module, *arguments]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        yield process
        assert process.stdin
        process.stdin.close()
