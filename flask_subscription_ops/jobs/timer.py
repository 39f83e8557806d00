"""What rings a job: when, with which arguments, and how exactly."""

from __future__ import annotations

from dataclasses import dataclass

from ..domain.schedule import Rhythm
from ..runs.job import Job


@dataclass(frozen=True)
class Timer:
    """One timer; several may ring the same job, each with arguments of its own.

    It rings between an instant of `when` and `delay_seconds` later, give or take `accuracy_seconds`: a delay keeps
    many hosts from starting at the same second. A persistent one catches up, once, on what it missed.
    """

    name: str
    job: Job
    when: tuple[Rhythm, ...]
    arguments: tuple[str, ...] = ()
    accuracy_seconds: int = 60
    delay_seconds: int = 300
    persistent: bool = True
