"""The one door of every adapter room: how each adapter is opened, and what would keep it from working."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

Problems = Callable[[Any, Mapping[str, Any]], list[str]]


@dataclass(frozen=True)
class Adapter:
    """One adapter; asking about it costs nothing, its libraries are loaded when it is opened.

    `opener` is `"package.module:name"` of what makes it. `needs` are the settings it cannot do without.
    `problems(settings, config)` names what else keeps it from working, each with its remedy; `config` is `app.config`.
    """

    opener: str
    needs: tuple[str, ...] = ()
    problems: Problems = lambda settings, config: []

    def open(self, *arguments: Any) -> Any:
        """Return the adapter, made with what its room hands to all of them."""
        return resolve_name(self.opener)(*arguments)


def problems_of_chosen(
    key: str,
    adapters: Mapping[str, Adapter],
    settings: Any,
    config: Mapping[str, Any],
    refused: Collection[str] = (),
) -> list[str]:
    """Name what keeps the adapters that the setting `key` chooses from working.

    Settings in `refused` could not be read, which was said already: they do not count as missing.
    """
    chosen = getattr(settings, key)
    names = (chosen,) if isinstance(chosen, str) else chosen
    unknown = [f"{_named(key, name)}: use {', '.join(adapters)}" for name in names if name not in adapters]
    if unknown:
        return unknown
    found = [
        problem
        for name in names
        for problem in (
            *_missing(_named(key, name), adapters[name].needs, settings, refused),
            *adapters[name].problems(settings, config),
        )
    ]
    return list(dict.fromkeys(found))  # adapters may share what they cannot use


def _missing(named: str, needs: tuple[str, ...], settings: Any, refused: Collection[str]) -> list[str]:
    missing = [need for need in needs if need not in refused and not getattr(settings, need)]
    if not missing:
        return []
    return [f"{named}, which needs {' and '.join(f'SUBS_{need.upper()}' for need in needs)}"]


def _named(key: str, name: str) -> str:
    return f"SUBS_{key.upper()} names {name}"
