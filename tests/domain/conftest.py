"""How hypothesis looks for counterexamples: the same way every time, and without a clock."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("rules", deadline=None, derandomize=True, max_examples=150)
settings.load_profile("rules")
