"""Write the generated companies, as a team that moves in with its customers would."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import click
from flask_subscription_ops.models import Subscription
from werkzeug.security import generate_password_hash

from ..extensions import db
from ..models import ADMIN, MEMBER, RUNNING, STOPPED, Company, User, Workspace
from .situations import Draft, drafts

PASSWORD = "demo-password"  # of every generated user
STAFF = "staff@saas.example.com"


def fill(count: int, now: datetime) -> Counter[str]:
    """Add `count` companies as of `now` in one transaction; return how many are in each situation."""
    if db.session.query(Company.id).first():
        raise click.ClickException("this database has companies already: seed an empty one")
    password_hash = generate_password_hash(PASSWORD)
    counts: Counter[str] = Counter()
    for draft in drafts(count, now):
        company = _company(draft, password_hash)
        db.session.add(company)
        db.session.flush()
        db.session.add(_subscription(draft, company))
        counts[draft.situation] += 1
    db.session.commit()
    return counts


def _company(draft: Draft, password_hash: str) -> Company:
    company = Company(name=draft.name, timezone=draft.timezone, locale=draft.locale)
    company.users = [_user(draft, password_hash)]
    company.workspaces = [Workspace(name="Main", status=RUNNING), Workspace(name="Archive", status=STOPPED)]
    if draft.number % 3 == 0:
        company.workspaces.append(Workspace(name="Staging", status=RUNNING))
    if draft.number == 1:
        company.users.append(User(name="Staff", email=STAFF, role=MEMBER, is_staff=True, password_hash=password_hash))
    return company


def _user(draft: Draft, password_hash: str) -> User:
    """Make the company's first user: its admin, or a mere member where it has none."""
    return User(
        name=f"{'Owner' if draft.email else 'Member'} of {draft.name}",
        email=draft.email or f"member@company-{draft.number}.example.com",
        role=ADMIN if draft.email else MEMBER,
        password_hash=password_hash,
    )


def _subscription(draft: Draft, company: Company) -> Subscription:
    common = {"account_id": company.account_id, "plan": draft.plan, "status": draft.status}
    if draft.status == "trialing":
        return Subscription(**common, trial_ends_at=draft.ends_at)
    return Subscription(**common, period_start=draft.ends_at - timedelta(days=30), period_end=draft.ends_at)
