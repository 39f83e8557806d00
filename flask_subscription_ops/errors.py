"""Every error a host may catch, as one tree.

SubscriptionOpsError
├── ConfigurationError        the app's settings or hooks contradict themselves
├── InvalidInput              an argument cannot be what it was given as
│   ├── NaiveDatetime
│   ├── UnknownPlan
│   ├── UnknownJob
│   └── UnknownEffect
├── LiveSubscriptionExists    the account already has a live subscription to the product
├── TrialUsed                 the account had its trial of the product, and is to have one only
├── IllegalTransition         the subscription's status does not allow the cause
├── AppendOnly                somebody tried to rewrite the audit
├── TimeTravelRefused         a run dated elsewhere would write
├── Stopped                   a guard stopped a run, and what it names was not done
├── RunFailed                 a job's command ended before its end, for the reason it names
├── InstallationFailed        the units could not be written, installed or removed
├── NotReady                  the database cannot be used as it is
│   ├── DatabaseUnreachable
│   └── SchemaOutdated
└── EffectError               one outside call failed
    ├── TemporaryFailure      surely not done: try again later
    │   └── Unreachable       the other side could not be reached: nothing was tried
    ├── PermanentFailure      refused: trying again cannot help
    └── UnknownOutcome        it may have been done
        └── DeadlineExceeded
"""

from __future__ import annotations

from collections.abc import Sequence

import click


class SubscriptionOpsError(Exception):
    """The root: catch it to catch everything this package raises."""


class ConfigurationError(SubscriptionOpsError, click.ClickException):
    """The app's settings or hooks cannot work; `problems` lists every reason, each with its remedy.

    `flask` prints it as it is and ends with 3, also where the app factory raises it.
    """

    exit_code = 3

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("flask-subscription-ops is not set up:\n" + "\n".join(f"  - {line}" for line in problems))


class InvalidInput(SubscriptionOpsError, ValueError):
    """An argument cannot be used; nothing was written."""


class NaiveDatetime(InvalidInput):
    """A datetime without a zone was given where an instant is needed."""


class UnknownPlan(InvalidInput):
    """A plan key is not declared in SUBS_PLANS."""


class UnknownJob(InvalidInput):
    """No job has this name."""


class UnknownEffect(InvalidInput):
    """No effect has this key."""


class LiveSubscriptionExists(SubscriptionOpsError):
    """The account already has a live subscription to this product."""


class TrialUsed(SubscriptionOpsError):
    """The account had its trial of this product, and is to have one only."""


class IllegalTransition(SubscriptionOpsError):
    """The subscription's status does not allow this cause."""


class AppendOnly(SubscriptionOpsError):
    """The audit is only ever added to."""


class TimeTravelRefused(SubscriptionOpsError):
    """A run dated elsewhere would write, and SUBS_ALLOW_TIME_TRAVEL is off."""


class Stopped(SubscriptionOpsError):
    """A guard stopped the run; `confirm` is the token that lets it go on, if one can."""

    def __init__(self, reason: str, confirm: str | None = None) -> None:
        super().__init__(reason)
        self.confirm = confirm


class RunFailed(SubscriptionOpsError):
    """A job's command ended before its end; its cause is what was raised."""


class InstallationFailed(SubscriptionOpsError):
    """Units could not be written, installed or removed; the message says what to do before trying again."""


class NotReady(SubscriptionOpsError):
    """The database cannot be used as it is."""


class DatabaseUnreachable(NotReady):
    """The database does not answer."""


class SchemaOutdated(NotReady):
    """Tables or columns are missing."""


class EffectError(SubscriptionOpsError):
    """One outside call failed."""


class TemporaryFailure(EffectError):
    """The effect surely did not happen; it is tried again later."""


class Unreachable(TemporaryFailure):
    """The other side could not be reached, so nothing was tried; the effect waits without using up a try."""


class PermanentFailure(EffectError):
    """The other side refused for good; trying again cannot help."""


class UnknownOutcome(EffectError):
    """The effect may or may not have happened."""


class DeadlineExceeded(UnknownOutcome):
    """An outside call took longer than it may."""
