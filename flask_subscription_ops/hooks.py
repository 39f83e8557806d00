"""What the host supplies, registered by decorator: who the contacts are, how workspaces stop and start."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from .domain.contacts import Contact
from .errors import ConfigurationError
from .outside.call import Call
from .outside.text import one_line

if TYPE_CHECKING:
    from flask import Flask

Function = TypeVar("Function", bound=Callable[..., Any])

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "contacts": ("account_ids",),
    "suspend_workspaces": ("account_id", "operation"),
    "resume_workspaces": ("account_id", "operation"),
    "workspaces": ("account_ids",),
    "usage": ("account_ids",),
    "current_account": (),
}


class Hooks:
    """The host's callables by name; a repeated registration replaces the earlier one."""

    def __init__(self) -> None:
        self._functions: dict[str, Callable[..., Any]] = {}
        self.problems: dict[str, str] = {}

    def register(self, name: str, function: Function) -> Function:
        """Keep `function` as the hook called `name`; a wrong signature becomes a problem that init_app reports."""
        problem = _signature_problem(name, function)
        if problem:
            self.problems[name] = problem
        else:
            self.problems.pop(name, None)
            self._functions[name] = function
        return function

    def get(self, name: str) -> Callable[..., Any] | None:
        """Return the hook, or None where the host supplies none."""
        return self._functions.get(name)

    def require(self, name: str) -> Callable[..., Any]:
        """Return the hook; raises ConfigurationError where the host supplies none."""
        if problems := self.missing(name):
            raise ConfigurationError(problems)
        return self._functions[name]

    def missing(self, name: str) -> list[str]:
        """Say how to supply the hook; nothing where the host does."""
        if name in self._functions:
            return []
        taken = ", ".join(ARGUMENTS[name])
        return [f"no {name} hook is registered: decorate a function({taken}) with @subs.{name}"]

    @property
    def stop_workspaces(self) -> bool:
        """Whether the host has workspaces that we can stop."""
        return "suspend_workspaces" in self._functions


def _signature_problem(name: str, function: Callable[..., Any]) -> str | None:
    arguments = ARGUMENTS[name]
    wanted = f"the {name} hook takes ({', '.join(arguments)})"
    called = getattr(function, "__name__", repr(function))
    if not callable(function):
        return f"{wanted}; {called} cannot be called"
    if inspect.iscoroutinefunction(function):
        return f"{wanted} and is an ordinary function; {called} is async, wrap it in a synchronous one"
    try:
        signature = inspect.signature(function)
    except ValueError:
        return None  # a built-in that does not tell its arguments
    try:
        signature.bind(*arguments)
    except TypeError:
        return f"{wanted}; {called}{signature} cannot be called so"
    return None


def fetch_contacts(app: Flask, hooks: Hooks, account_ids: Sequence[str], seconds: float) -> dict[str, Contact]:
    """Ask the host for the contacts of these accounts; an account that it leaves out is gone."""
    if not account_ids:
        return {}
    found = Call(app.app_context, hooks.require("contacts"), list(account_ids)).result(seconds)
    if not isinstance(found, Mapping) or not all(isinstance(contact, Contact) for contact in found.values()):
        raise TypeError("the contacts hook must return a mapping of account keys to Contact")
    return {str(account_id): _readable(contact) for account_id, contact in found.items()}


def _readable(contact: Contact) -> Contact:
    """Return the contact with plain text in it; its address is looked at when an email is to go there."""
    given = {name: getattr(contact, name) for name in ("name", "locale", "timezone")}
    texts = {name: one_line(value or "") for name, value in given.items()}
    return contact if texts == given else replace(contact, **texts)
