"""How what waits is found where the statistics were taken while nothing did, as they mostly are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from flask_subscription_ops.outbox.claim import claim_emails, claim_operations
from flask_subscription_ops.outbox.deliver import _is_anything_due, _say_what_waits
from flask_subscription_ops.outbox.delivery import Delivery
from flask_subscription_ops.outbox.gone import GoneAccounts
from flask_subscription_ops.outbox.send_emails import Emails
from flask_subscription_ops.outbox.take_back import take_back
from flask_subscription_ops.outbox.tally import Tally
from flask_subscription_ops.testing import end_leases

from ..conftest import empty_database
from ..hosts import Host, running_host
from ..servers import DATABASES
from .explain import Plans, explaining
from .population import add_effects, add_waiting, analyze

DONE = WAITING = 100_000
SORTS = r"USE TEMP B-TREE FOR ORDER BY|\bSort\b|Using filesort"
HELD = "ix_subs_outbox_state_lease_until_id"
DUE = "ix_subs_outbox_state_channel_due_at_id"


@pytest.fixture(scope="module", params=DATABASES)
def plans(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plans]:
    with empty_database(request.param, tmp_path_factory.mktemp("stale")) as url, running_host(url) as host:
        now = datetime.now(timezone.utc)
        with host.subs.runtime.engine.begin() as connection:
            add_effects(connection, DONE, now, waiting=False)
            analyze(connection)
        with host.subs.runtime.engine.begin() as connection:
            add_waiting(connection, WAITING, now, after=DONE)
        with explaining(host.subs.runtime.engine) as plans:
            _look_for_what_waits(host, now)
        yield plans


def test_no_statement_about_what_waits_reads_a_whole_table(plans: Plans) -> None:
    assert plans.scans == []


def test_states_stand_in_statements_as_text_which_every_plan_can_count_on(plans: Plans) -> None:
    """A parameter is known to a plan only while the server makes a new one for each execution."""
    conditions = [found for sql, _ in plans.found for found in re.findall(r"\bstate = .", re.sub('["`]', "", sql))]

    assert set(conditions) == {"state = '"}


@pytest.mark.parametrize(
    ("part", "index"),
    [
        pytest.param(r"attempts.*channel = .*ORDER BY subs_outbox\.due_at", DUE, id="claim"),
        pytest.param(r"\(SELECT subs_outbox\.id.*FROM", DUE, id="anything due"),
        pytest.param(r"\(SELECT subs_outbox\.lease_until", HELD, id="first end"),
        pytest.param(r"ORDER BY subs_outbox\.lease_until", HELD, id="ended leases"),
        pytest.param(r"count\(\*\) AS effects", DUE, id="what waits"),
        pytest.param(r"SELECT DISTINCT subs_outbox\.account_id", DUE, id="accounts"),
        pytest.param(r"max\(subs_outbox\.id\)", "ix_subs_outbox_lane", id="newest wishes"),
    ],
)
def test_what_waits_is_found_along_its_index_unsorted(plans: Plans, part: str, index: str) -> None:
    found = ["\n".join(lines) for sql, lines in plans.found if re.search(part, re.sub('["`]', "", sql), re.DOTALL)]

    assert found
    for plan in found:
        assert re.search(rf"\b{index}\b", plan), plan
        assert part.startswith(("count", "SELECT DISTINCT", "max")) or not re.search(SORTS, plan), plan


def _look_for_what_waits(host: Host, now: datetime) -> None:
    runtime = host.subs.runtime
    delivery = Delivery(runtime, Tally(), lambda: now)
    assert _is_anything_due(delivery)
    assert len(claim_emails(runtime, now, 100).messages) == 100
    assert len(claim_operations(runtime, now, 20).messages) == 20
    end_leases(host.app)
    take_back(delivery)
    _say_what_waits(delivery, Emails(delivery))
    GoneAccounts(delivery).may_be({"nobody"}, 1)
