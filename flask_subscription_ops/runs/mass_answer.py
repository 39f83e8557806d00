"""The brake on accounts that are all gone at once."""

from __future__ import annotations

from ..errors import Stopped
from .guard import allowance, count_live, new_token, use_token, why_not_confirmed
from .run import Run


class MassAnswer:
    """The brake on a contacts hook that leaves out many accounts at once: that is rather a fault than a mass exodus."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._stopped: Stopped | None = None
        self._is_confirmed = False

    def may_lose(self, gone: int, everybody: bool) -> bool:
        """Tell whether emails may be given up because so many accounts, or all that were asked for, are gone."""
        run, share = self._run, self._run.runtime.settings.brake_share
        if self._is_confirmed or (gone <= run.runtime.settings.brake_min and not everybody):
            return True
        allowed = allowance(run, count_live(run))
        if gone <= allowed and (share >= 1 or not everybody):
            return True
        self._is_confirmed = bool(run.confirm and use_token(run, 0 if everybody else gone - allowed))
        if not self._is_confirmed:
            self._stopped = _stop(run, gone, f"all {gone}" if everybody else f"{gone}, more than {allowed},")
        return self._is_confirmed

    def raise_stopped(self) -> None:
        """Raise what stopped the emails, if anything did."""
        if self._stopped is not None:
            raise self._stopped


def _stop(run: Run, gone: int, how_many: str) -> Stopped:
    return Stopped(
        f"the contacts hook leaves out {how_many} accounts that have emails due, as if they were gone (SUBS_BRAKE_MIN,"
        " SUBS_BRAKE_SHARE): no email was given up or sent after that. Mend the hook, or confirm that they are gone"
        f"{why_not_confirmed(run)}",
        new_token(run, gone),
    )
