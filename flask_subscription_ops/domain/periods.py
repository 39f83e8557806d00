"""Period arithmetic: every boundary is counted from the anchor, so 31 January never drifts to the 28th."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..errors import InvalidInput

UNITS = ("day", "week", "month", "year")
LONGEST_WAY_BACK = 9  # periods until a day such as 29 February comes again


@dataclass(frozen=True)
class Interval:
    """How long a period is: `count` units, a unit being day, week, month or year."""

    unit: str
    count: int = 1

    def __post_init__(self) -> None:
        if self.unit not in UNITS or not 1 <= self.count <= 1000:
            raise InvalidInput(f"an interval is 1 to 1000 of {', '.join(UNITS)}, got {self.count} {self.unit!r}")

    def after(self, anchor: datetime, periods: int) -> datetime:
        """Return the boundary that lies `periods` periods after the anchor."""
        steps = self.count * periods
        if self.unit in ("day", "week"):
            return anchor + timedelta(days=steps * (7 if self.unit == "week" else 1))
        from dateutil.relativedelta import relativedelta

        return anchor + relativedelta(**{f"{self.unit}s": steps})  # type: ignore[arg-type]  # months= or years=


def parse_interval(text: object) -> Interval:
    """Read `month` or `3 months`."""
    found = re.fullmatch(r"(?:(\d{1,4})\s+)?(day|week|month|year)s?", text.strip()) if isinstance(text, str) else None
    if found is None:
        raise InvalidInput(f"{text!r} is not an interval: write day, week, month, year or '3 months'")
    return Interval(found[2], int(found[1] or 1))


def anchor_of(end: datetime, interval: Interval) -> datetime:
    """Return the latest anchor whose periods have a boundary at `end`: 31 March is counted from 31 January."""
    starts = (interval.after(end, -periods) for periods in range(1, LONGEST_WAY_BACK))
    found = (start for periods, start in enumerate(starts, 1) if interval.after(start, periods) == end)
    return next(found, end)


def boundaries(anchor: datetime, interval: Interval) -> Iterator[datetime]:
    """Yield the anchor and every boundary after it, for ever."""
    periods = 0
    while True:
        yield interval.after(anchor, periods)
        periods += 1


def period_at(anchor: datetime, interval: Interval, now: datetime) -> tuple[datetime, datetime]:
    """Return the period `[start, end)` that holds `now`; before the anchor that is the first one."""
    periods = max(0, _periods_not_after(anchor, interval, now))
    return interval.after(anchor, periods), interval.after(anchor, periods + 1)


def _periods_not_after(anchor: datetime, interval: Interval, now: datetime) -> int:
    low, high = 0, 1
    while interval.after(anchor, high) <= now:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if interval.after(anchor, middle) <= now else (low, middle)
    return low
