from __future__ import annotations

import pytest

from flask_subscription_ops.errors import TemporaryFailure, UnknownOutcome
from flask_subscription_ops.workspaces.base import Operation
from flask_subscription_ops.workspaces.memory import Call, MemoryProvisioner

OPERATION = Operation("op-1", "default", "trial_ended", 1)


def test_every_operation_is_recorded():
    provisioner = MemoryProvisioner()

    provisioner.suspend("acme", OPERATION)

    assert provisioner.calls == [Call("suspend", "acme", OPERATION)]


def test_failures_are_raised_in_the_order_they_were_given():
    provisioner = MemoryProvisioner()
    provisioner.fail_next(TemporaryFailure("first"), UnknownOutcome("second"))

    with pytest.raises(TemporaryFailure):
        provisioner.suspend("acme", OPERATION)
    with pytest.raises(UnknownOutcome):
        provisioner.suspend("acme", OPERATION)
    provisioner.suspend("acme", OPERATION)

    assert len(provisioner.calls) == 1
