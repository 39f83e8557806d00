"""The connection to the database is cut at each moment of a delivery, in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from flask_subscription_ops.errors import DatabaseUnreachable
from flask_subscription_ops.models import OutboxMessage
from flask_subscription_ops.outbox import writer
from flask_subscription_ops.testing import ScriptedTransport, end_leases

from ..database.cuts import cutting
from ..hosts import NOON, Host, days


class HalfAskable(ScriptedTransport):
    """Can be asked about some emails, as Mailjet can, and about others not, as after SMTP."""

    def find_accepted(self, keys: Sequence[str]) -> Mapping[str, bool | None]:
        accepted = {email.key for email in self.handed_over}
        return {key: key in accepted if key in self.asked else None for key in keys}


@pytest.mark.parametrize(
    ("how", "connections"),
    [({}, 1), ({"after": True}, 2), ({"for_good": True}, 1)],
    ids=["before", "after, two connections", "for good"],
)
def test_whatever_is_cut_each_effect_comes_to_its_end(
    make: Callable[..., Host], monkeypatch: pytest.MonkeyPatch, how: dict[str, bool], connections: int
) -> None:
    monkeypatch.setattr(writer, "PAUSES", (0.0, 0.0))
    host = make(SUBS_EMAILS_AT_MOST_ONCE=("subscribed",))
    sent = host.subs.runtime.transport = HalfAskable()
    sent.connections = connections

    for moment in _moments(host):
        effects = _queue(host, sent, str(moment))
        with cutting(host.db.engine, moment, **how):
            _deliver(host)
        end_leases(host.app)
        _deliver(host, in_peace=True)

        _look(host, sent, effects, f"cut at {moment}")


def _moments(host: Host) -> Iterator[int]:
    """Number what a delivery asks of the database: as many moments as it takes when nothing is cut."""
    for name in ("first", "second"):  # the first run of all stores whose database it is
        _queue(host, HalfAskable(), name)
        with cutting(host.db.engine) as clean:
            _deliver(host)
    assert clean.count > 15
    yield from range(clean.count)


def _queue(host: Host, sent: HalfAskable, name: str) -> list[str]:
    """Queue an email that can be asked about, one that cannot, one that goes at most once, and an operation."""
    before = host.db.session.query(OutboxMessage).count()
    host.at(NOON)
    host.subs.start_trial(f"asked-{name}", "pro")
    host.subs.start_trial(f"unasked-{name}", "pro")
    host.subs.pause(host.subs.subscribe(f"paused-{name}", "pro"))
    host.db.session.commit()
    effects = list(host.effects())[before:]
    sent.asked = effects[:1]
    sent.handed_over.clear()
    host.operations.clear()
    return effects


def _deliver(host: Host, *, in_peace: bool = False) -> None:
    try:
        host.deliver(NOON + days(1) if in_peace else NOON)
    except DatabaseUnreachable:
        assert not in_peace
    finally:
        host.db.session.rollback()


def _look(host: Host, sent: HalfAskable, effects: Sequence[str], when: str) -> None:
    asked, unasked, at_most_once, operation = effects
    states, times = host.effects(), Counter(email.key for email in sent.handed_over)
    assert {states[key] for key in (asked, unasked, operation)} == {"done"}, when
    assert times[asked] == 1, when
    assert times[unasked] in (1, 2), when
    assert len({email.message_id for email in sent.handed_over if email.key == unasked}) == 1, when
    assert (states[at_most_once], times[at_most_once]) in {("done", 1), ("held", 1), ("held", 0)}, when
    assert [call.id for _, _, call in host.operations] in ([operation], [operation] * 2), when
    released = host.db.session.query(OutboxMessage.lease_token, OutboxMessage.lane_in_flight).distinct().all()
    assert [tuple(row) for row in released] == [(None, None)], when
