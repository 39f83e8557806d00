"""Ask the host for contacts: for all of a claim at once, and where that fails for each account alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from ..domain.contacts import Contact
from ..errors import ConfigurationError, DeadlineExceeded
from ..outside.call import Call
from ..outside.deadline import Deadline
from ..outside.logs import logger
from ..outside.text import describe
from ..runtime import Runtime

log = logger()

SIDE_BY_SIDE = 8
PATIENCE_SHARE = 0.1  # of the deadline: so long one account is waited for before the next is asked beside it


@dataclass(frozen=True)
class Answers:
    """Whom the host knows, for whom its hook failed and why, and who was not asked for in time."""

    contacts: Mapping[str, Contact] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    unasked: frozenset[str] = frozenset()

    def gone(self, account_ids: Sequence[str]) -> set[str]:
        """Return the accounts that the host was asked for and left out."""
        return set(account_ids) - set(self.contacts) - set(self.failed) - self.unasked

    def anybody(self, account_ids: Sequence[str]) -> bool:
        """Tell whether the hook answered for at least one account."""
        return len(self.failed) + len(self.unasked) < len(account_ids)


class Asking:
    """The contacts hook during one run. Each asking ends within SUBS_HOOK_TIMEOUT, whatever hangs.

    Once it has hung for many, each account is asked for alone, so that one that hangs holds up no other. `fault` is
    what it failed with the last time.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._each_alone = self._is_said = False
        self.fault = ""

    def ask(self, account_ids: Sequence[str]) -> Answers:
        """Return the answers for these accounts; raises ConfigurationError where there is no hook."""
        deadline = Deadline(self._runtime.settings.hook_timeout)
        if self._each_alone and len(account_ids) > 1:
            return self._ask_each(account_ids, deadline)
        try:
            return Answers(self._runtime.contacts(account_ids))
        except ConfigurationError:
            raise
        except Exception as error:
            self.fault = describe(error)
            if len(account_ids) == 1:
                return Answers(failed={account_ids[0]: _failure(error)})
            if isinstance(error, DeadlineExceeded):
                self._each_alone = True
                return Answers(unasked=frozenset(account_ids))
            return self._ask_each(account_ids, deadline)

    def _ask_each(self, account_ids: Sequence[str], deadline: Deadline) -> Answers:
        timeout = self._runtime.settings.hook_timeout
        patience = timeout * PATIENCE_SHARE
        calls: dict[str, Call] = {}
        for account_id in account_ids:
            if not _has_room(list(calls.values()), deadline, patience):
                break
            calls[account_id] = Call(nullcontext, self._runtime.contacts, [account_id])
            calls[account_id].wait(patience)
        contacts: dict[str, Contact] = {}
        failed: dict[str, str] = {}
        for account_id, call in calls.items():
            try:
                contacts.update(call.result(_seconds(deadline)))
            except DeadlineExceeded:
                failed[account_id] = f"the contacts hook was cut off after {timeout:g} s: make it faster"
            except Exception as error:
                failed[account_id] = _failure(error)
        self._say_once(len(contacts), len(account_ids))
        return Answers(contacts, failed, frozenset(account_ids) - set(calls))

    def _say_once(self, answered: int, asked: int) -> None:
        if answered and not self._is_said:
            log.warning(
                "the contacts hook failed for %d accounts together, and answered for %d of them one by one: %s",
                asked,
                answered,
                self.fault,
            )
            self._is_said = True


def _has_room(calls: Sequence[Call], deadline: Deadline, patience: float) -> bool:
    """Wait until fewer than SIDE_BY_SIDE calls are under way; False where too little time is left for one more."""
    while _seconds(deadline) > patience:
        under_way = [call for call in calls if not call.wait(0)]
        if len(under_way) < SIDE_BY_SIDE:
            return True
        under_way[0].wait(patience)
    return False


def _seconds(deadline: Deadline) -> float:
    try:
        return deadline.remaining()
    except TimeoutError:
        return 0.0


def _failure(error: Exception) -> str:
    return f"the contacts hook failed: {describe(error)}"
