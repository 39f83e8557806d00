"""Read unit files the way systemd does, as far as the tests need it."""

from __future__ import annotations


def sections(text: str) -> dict[str, dict[str, list[str]]]:
    """Return {section: {key: [values]}}; comments and empty lines are dropped."""
    found: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            found.setdefault(section, {}).setdefault(key, []).append(value)
    return found
