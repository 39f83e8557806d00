from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, current_app, has_app_context

from flask_subscription_ops import Contact, Operation
from flask_subscription_ops.errors import ConfigurationError, DeadlineExceeded
from flask_subscription_ops.hooks import ARGUMENTS, Hooks, fetch_contacts
from flask_subscription_ops.outside.call import Call
from flask_subscription_ops.workspaces.hooks import HookProvisioner


@pytest.fixture
def app() -> Flask:
    return Flask("host")


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Let no hook that waits for it outlive the test."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_hook_that_can_be_called_as_promised_is_kept_and_given_back(name: str) -> None:
    hooks = Hooks()

    def hook(*args: Any) -> None: ...

    assert hooks.register(name, hook) is hook
    assert hooks.get(name) is hook
    assert hooks.problems == {}


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda: None, "cannot be called so"),
        (lambda account_id: None, "cannot be called so"),
        (lambda account_id, operation, more: None, "cannot be called so"),
        (lambda *, account_id, operation: None, "cannot be called so"),
        ("stop", "'stop' cannot be called"),
        (None, "None cannot be called"),
    ],
)
def test_a_wrong_signature_is_a_problem_that_shows_the_right_one(function: Any, said: str) -> None:
    hooks = Hooks()

    hooks.register("suspend_workspaces", function)

    problem = hooks.problems["suspend_workspaces"]
    assert problem.startswith("the suspend_workspaces hook takes (account_id, operation)")
    assert said in problem
    assert hooks.get("suspend_workspaces") is None


@pytest.mark.parametrize("wrap", [lambda function: function, functools.partial])
def test_an_async_hook_is_a_problem(wrap: Callable[[Any], Any]) -> None:
    hooks = Hooks()

    async def contacts(account_ids: Any) -> None: ...

    hooks.register("contacts", wrap(contacts))

    assert "is async" in hooks.problems["contacts"]


@pytest.mark.parametrize(
    "function", [lambda account_id, operation, retries=3: None, functools.partial(lambda *a: None), print, dict]
)
def test_anything_that_takes_the_arguments_is_a_hook(function: Any) -> None:
    hooks = Hooks()

    hooks.register("suspend_workspaces", function)

    assert hooks.problems == {}


def test_a_right_registration_heals_a_wrong_one() -> None:
    hooks = Hooks()
    hooks.register("contacts", lambda: {})

    hooks.register("contacts", lambda account_ids: {})

    assert hooks.problems == {}


def test_a_missing_hook_says_how_to_register_it() -> None:
    with pytest.raises(ConfigurationError, match=r"decorate a function\(account_ids\) with @subs\.contacts"):
        Hooks().require("contacts")


def test_a_call_returns_what_the_hook_returns_from_an_app_context_of_its_own(app: Flask) -> None:
    call = Call(app.app_context, lambda number: (current_app.name, number, threading.current_thread().daemon), 7)

    assert call.result(5) == ("host", 7, True)
    assert not has_app_context()


def test_a_call_raises_what_the_hook_raises(app: Flask) -> None:
    def hook() -> None:
        raise LookupError("no such company")

    with pytest.raises(LookupError, match="no such company"):
        Call(app.app_context, hook).result(5)


def test_a_hook_that_ends_its_thread_is_an_error_and_not_silence(app: Flask) -> None:
    def hook() -> None:
        raise SystemExit(0)

    with pytest.raises(RuntimeError, match="SystemExit"):
        Call(app.app_context, hook).result(5)


def test_a_hook_that_hangs_is_cut_off_at_its_deadline(app: Flask, gate: threading.Event) -> None:
    call = Call(app.app_context, gate.wait)

    with pytest.raises(DeadlineExceeded, match="SUBS_HOOK_TIMEOUT"):
        call.result(0.01)

    gate.set()
    assert call.result(5) is True


def test_contacts_are_asked_for_in_one_call_and_who_is_left_out_is_gone(app: Flask) -> None:
    asked, hooks = [], Hooks()

    @functools.partial(hooks.register, "contacts")
    def contacts(account_ids: Any) -> Any:
        asked.append(account_ids)
        return {7: Contact("seven@customer.example")}

    found = fetch_contacts(app, hooks, ["7", "8"], 5)

    assert found == {"7": Contact("seven@customer.example")}
    assert asked == [["7", "8"]]


def test_nobody_is_asked_for_no_contacts(app: Flask) -> None:
    assert fetch_contacts(app, Hooks(), [], 5) == {}


@pytest.mark.parametrize("answer", [None, [], {"7": "seven@customer.example"}, {"7": None}])
def test_an_answer_that_is_no_mapping_of_contacts_is_refused(app: Flask, answer: Any) -> None:
    hooks = Hooks()
    hooks.register("contacts", lambda account_ids: answer)

    with pytest.raises(TypeError, match="mapping of account keys to Contact"):
        fetch_contacts(app, hooks, ["7"], 5)


def test_the_provisioner_hands_each_wish_to_its_own_hook() -> None:
    called, hooks = [], Hooks()
    hooks.register("suspend_workspaces", lambda account_id, operation: called.append(("stop", account_id, operation)))
    hooks.register("resume_workspaces", lambda account_id, operation: called.append(("start", account_id, operation)))
    operation = Operation("suspend-workspaces:sub-1:2", "default", "trial_ended", 1)

    HookProvisioner(hooks.require).suspend("7", operation)
    HookProvisioner(hooks.require).resume("8", operation)

    assert called == [("stop", "7", operation), ("start", "8", operation)]


def test_a_host_without_workspaces_has_nothing_to_stop() -> None:
    hooks = Hooks()
    assert not hooks.stop_workspaces

    hooks.register("suspend_workspaces", lambda account_id, operation: None)

    assert hooks.stop_workspaces
