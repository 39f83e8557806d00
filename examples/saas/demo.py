"""What `make demo` runs: the guided tour, in build/demo."""

from __future__ import annotations

from saas.demo import commands

if __name__ == "__main__":
    commands(["run"])
