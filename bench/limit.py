"""What the database can do at best: the same rows as the jobs write, made by set statements, nothing travelling."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, create_engine, text

from flask_subscription_ops.domain.clock import to_text

ALL = 10**9
CHUNK = 10_000
SEND_HOUR = 9

BEFORE = '{"before": {"ended_at": null, "status": "trialing"}}'

END_ON_POSTGRESQL = """
WITH due AS (
  SELECT id, encode(sha256(convert_to(
           '[' || coalesce('"' || audit_hash || '"', 'null') || ', "' || :now_text || '", "' || account_id || '", '
           || version + 1 || ', "trialing", "expired", "trial_ended", "trial-check", 1, ' || :details || ']', 'UTF8'
         )), 'hex') AS hash
  FROM subs_subscriptions
  WHERE status = 'trialing' AND trial_ends_at <= :now AND collected_by = 'manual' AND NOT cancel_at_period_end
  ORDER BY trial_ends_at, id LIMIT :chunk FOR UPDATE SKIP LOCKED
), ended AS (
  UPDATE subs_subscriptions s
  SET status = 'expired', live = NULL, ended_at = :now, reminder_due_at = NULL, version = version + 1,
      audit_hash = due.hash, updated_at = :now
  FROM due WHERE s.id = due.id RETURNING s.*
), audit AS (
  INSERT INTO subs_audit
    (at, account_id, subscription_id, version, from_status, to_status, cause, actor, run_id, details, hash)
  SELECT :now, account_id, id, version, 'trialing', 'expired', 'trial_ended', 'trial-check', 1, :details, audit_hash
  FROM ended
)
INSERT INTO subs_outbox
  (effect_key, channel, kind, subject, account_id, subscription_id, product, details, lane, state, attempts, due_at,
   created_at)
SELECT CASE k.kind WHEN 'trial_expired'
         THEN 'trial-expired:sub-' || e.id || ':' || to_char(e.trial_ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
         ELSE 'suspend-workspaces:sub-' || e.id || ':' || e.version END,
       k.channel, k.kind, 'sub-' || e.id, e.account_id, e.id, e.product,
       CASE k.kind WHEN 'trial_expired' THEN
         '{"amount": ' || e.amount || ', "currency": "' || e.currency || '", "ended_at": "' || :now_text
         || '", "interval": "' || e.interval || '", "interval_count": ' || e.interval_count || ', "plan": "' || e.plan
         || '", "product": "' || e.product || '", "trial_ends_at": "'
         || to_char(e.trial_ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '"}'
       ELSE '{"reason": "trial_ended"}' END,
       CASE k.channel WHEN 'workspaces' THEN e.account_id END, 'pending', 0, :now, :now
FROM ended e
CROSS JOIN (VALUES ('email', 'trial_expired'), ('workspaces', 'suspend_workspaces')) AS k(channel, kind)
ON CONFLICT (effect_key) DO NOTHING
"""

REMIND_ON_POSTGRESQL = """
WITH due AS (
  SELECT id, (trial_ends_at AT TIME ZONE 'UTC')::date AS day FROM subs_subscriptions
  WHERE status = 'trialing' AND reminder_due_at <= :now
  ORDER BY reminder_due_at, id LIMIT :chunk FOR UPDATE SKIP LOCKED
), reminded AS (
  UPDATE subs_subscriptions s
  SET reminder_due_at = CASE WHEN day - :today > 3 THEN day - 3 + :hour WHEN day - :today > 1 THEN day - 1 + :hour END
                        AT TIME ZONE 'UTC'
  FROM due WHERE s.id = due.id
  RETURNING s.*, day, CASE WHEN day - :today > 3 THEN 7 WHEN day - :today > 1 THEN 3 ELSE 1 END AS days
)
INSERT INTO subs_outbox
  (effect_key, channel, kind, subject, account_id, subscription_id, product, details, state, attempts, due_at,
   created_at)
SELECT 'trial-reminder:sub-' || r.id || ':' || r.day || ':' || r.days, 'email', 'trial_reminder', 'sub-' || r.id,
       r.account_id, r.id, r.product,
       '{"amount": ' || r.amount || ', "currency": "' || r.currency || '", "days": ' || r.days || ', "interval": "'
       || r.interval || '", "interval_count": ' || r.interval_count || ', "plan": "' || r.plan || '", "product": "'
       || r.product || '", "trial_ends_at": "'
       || to_char(r.trial_ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '"}',
       'pending', 0, :now, :now
FROM reminded r
ON CONFLICT (effect_key) DO NOTHING
"""

REMIND_ON_SQLITE = (
    """
    INSERT INTO subs_outbox
      (effect_key, channel, kind, subject, account_id, subscription_id, product, details, state, attempts, due_at,
       created_at)
    SELECT 'trial-reminder:sub-' || id || ':' || day || ':' || days, 'email', 'trial_reminder', 'sub-' || id,
           account_id, id, product,
           '{"amount": ' || amount || ', "currency": "' || currency || '", "days": ' || days || ', "interval": "'
           || interval || '", "interval_count": ' || interval_count || ', "plan": "' || plan || '", "product": "'
           || product || '", "trial_ends_at": "' || strftime('%Y-%m-%dT%H:%M:%SZ', trial_ends_at) || '"}',
           'pending', 0, :now, :now
    FROM (SELECT *, date(trial_ends_at) AS day,
                 CASE WHEN julianday(date(trial_ends_at)) - julianday(:today) > 3 THEN 7
                      WHEN julianday(date(trial_ends_at)) - julianday(:today) > 1 THEN 3 ELSE 1 END AS days
          FROM subs_subscriptions WHERE status = 'trialing' AND reminder_due_at <= :now)
    WHERE true ON CONFLICT (effect_key) DO NOTHING
    """,
    """
    UPDATE subs_subscriptions
    SET reminder_due_at = CASE
      WHEN julianday(date(trial_ends_at)) - julianday(:today) > 3
        THEN strftime('%Y-%m-%d %H:%M:%f000', date(trial_ends_at), '-3 days', :hour)
      WHEN julianday(date(trial_ends_at)) - julianday(:today) > 1
        THEN strftime('%Y-%m-%d %H:%M:%f000', date(trial_ends_at), '-1 days', :hour) END
    WHERE status = 'trialing' AND reminder_due_at <= :now
    """,
)


def end_trials(url: str, now: datetime, chunk: int) -> None:
    """End what is over on PostgreSQL, in chunks with a commit each."""
    _in_chunks(url, END_ON_POSTGRESQL, chunk, now=now, now_text=to_text(now), details=BEFORE)


def remind_trials(url: str, now: datetime, chunk: int) -> None:
    """Queue every due reminder; SQLite does it in one transaction whatever the chunk."""
    if url.startswith("sqlite"):
        _remind_on_sqlite(url, now)
    else:
        _in_chunks(url, REMIND_ON_POSTGRESQL, chunk, now=now, today=now.date(), hour=timedelta(hours=SEND_HOUR))


def _in_chunks(url: str, statement: str, chunk: int, **parameters: Any) -> None:
    engine = create_engine(url)
    while _changed(engine, statement, chunk=chunk, **parameters) and chunk < ALL:
        pass
    engine.dispose()


def _changed(engine: Engine, statement: str, **parameters: Any) -> bool:
    with engine.begin() as connection:
        return connection.execute(text(statement), parameters).rowcount > 0


def _remind_on_sqlite(url: str, now: datetime) -> None:
    engine = create_engine(url)
    stored = now.strftime("%Y-%m-%d %H:%M:%S.%f")
    with engine.begin() as connection:
        for statement in REMIND_ON_SQLITE:
            connection.execute(
                text(statement), {"now": stored, "today": str(now.date()), "hour": f"+{SEND_HOUR} hours"}
            )
    engine.dispose()
