"""What becomes of a sweep's rows while the host's contacts hook does not answer for their accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..domain.contacts import Contact
from ..outbox.contacts import Answers, Asking
from ..outbox.delivery import CLAIMS_IN_VAIN
from ..outside.logs import logger
from .report import JobReport

log = logger()


class Unanswered:
    """Rows that cannot be handled for want of an answer.

    It is a fault of an account's own, and its row failed, only where the hook did answer for another one. Else the
    hook is away: they wait for the next run.
    """

    def __init__(self, report: JobReport, asking: Asking, name_of: Callable[[int], str]) -> None:
        self._report, self._asking, self._name_of = report, asking, name_of
        self._failed: dict[int, str] = {}  # by the row's id
        self._was_answered = False
        self._in_vain = 0  # chunks in a row for which nobody was answered

    @property
    def is_away(self) -> bool:
        """Whether the hook counts as away for the rest of the run."""
        return self._in_vain == CLAIMS_IN_VAIN

    def ask(self, rows: Sequence[Any]) -> tuple[list[Any], Mapping[str, Contact]]:
        """Return the rows whose accounts were answered for, with the contacts of those that are not gone."""
        accounts = sorted({row.account_id for row in rows})
        answers = self._answers(accounts)
        self._in_vain = 0 if answers.anybody(accounts) else self._in_vain + 1
        self._was_answered = self._was_answered or self._in_vain == 0
        self._keep(rows, answers)
        unanswered = {*answers.failed, *answers.unasked}
        return [row for row in rows if row.account_id not in unanswered], answers.contacts

    def settle(self) -> None:
        """Say what is known of them when the sweep ends."""
        self._fail_those_at_fault()
        self._report.waiting += len(self._failed)
        if self._report.waiting:
            waiting = self._report.waiting, self._asking.fault
            log.warning("the contacts hook does not answer: %d subscriptions wait (%s)", *waiting)

    def _answers(self, accounts: Sequence[str]) -> Answers:
        answers = self._asking.ask(accounts)
        if len(answers.unasked) < len(accounts):
            return answers
        return self._asking.ask(accounts)  # it hung for all together: from now on each is asked for alone

    def _keep(self, rows: Sequence[Any], answers: Answers) -> None:
        failed = {row.id: answers.failed[row.account_id] for row in rows if row.account_id in answers.failed}
        unasked = sum(row.account_id in answers.unasked for row in rows)
        self._report.examined += len(failed) + unasked
        self._report.waiting += unasked
        self._failed |= failed
        self._fail_those_at_fault()

    def _fail_those_at_fault(self) -> None:
        if self._was_answered:
            for row_id, error in self._failed.items():
                self._report.fail(self._name_of(row_id), error)
            self._failed = {}
