"""What every provisioner keeps."""

from __future__ import annotations

import pytest

from flask_subscription_ops.errors import PermanentFailure, TemporaryFailure
from flask_subscription_ops.workspaces.base import Operation

from .stages import STAGES

STOP = Operation("workspaces:sub-1:4:stop", "default", "trial_ended", 1)
START = Operation("workspaces:sub-1:5:start", "default", "paid", 1)


@pytest.fixture(params=STAGES.values(), ids=STAGES.keys())
def stage(request):
    with request.param() as stage:
        yield stage


def test_it_has_a_name(stage):
    assert stage.provisioner.name in STAGES


def test_suspend_stops_the_account(stage):
    stage.provisioner.suspend("acme", STOP)

    assert not stage.is_running("acme", "default")


def test_resume_starts_it_again(stage):
    stage.provisioner.suspend("acme", STOP)
    stage.provisioner.resume("acme", START)

    assert stage.is_running("acme", "default")


def test_other_accounts_and_products_are_not_touched(stage):
    stage.provisioner.suspend("acme", STOP)

    assert stage.is_running("other", "default")
    assert stage.is_running("acme", "extra")


def test_a_repeat_is_recognised_by_its_id(stage):
    stage.provisioner.suspend("acme", STOP)
    stage.provisioner.resume("acme", START)
    stage.provisioner.suspend("acme", STOP)

    assert stage.seen() == [("suspend", "acme", STOP.id), ("resume", "acme", START.id)]
    assert stage.is_running("acme", "default")


def test_a_refusal_is_permanent_and_changes_nothing(stage):
    stage.refuse_next()

    with pytest.raises(PermanentFailure):
        stage.provisioner.suspend("acme", STOP)
    assert stage.is_running("acme", "default")


def test_a_busy_world_may_be_asked_again_with_the_same_operation(stage):
    stage.be_busy_next()

    with pytest.raises(TemporaryFailure):
        stage.provisioner.suspend("acme", STOP)
    stage.provisioner.suspend("acme", STOP)

    assert not stage.is_running("acme", "default")


def test_an_account_may_be_any_text(stage):
    stage.provisioner.suspend('Zoë "&\n🚀/..', STOP)

    assert not stage.is_running('Zoë "&\n🚀/..', "default")
