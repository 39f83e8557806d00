"""The page that goes with the rendered units."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...outside.typed import in_shell
from .calendar import calendar
from .options import UnitOptions
from .quoting import span

if TYPE_CHECKING:
    from ...jobs.timer import Timer


def readme(options: UnitOptions, timers: Iterable[Timer]) -> str:
    """Explain the rendered files and how to install them by hand."""
    timers = tuple(timers)
    units = " ".join(f"subs-{timer.name}.timer" for timer in timers)
    systemd = in_shell(["flask", "--app", options.app, options.group, "systemd"])
    return f"""\
# Units of flask-subscription-ops

Rendered from the table of timers for the app `{options.app}` in `{options.working_directory}`, run as `{options.user}`.
Do not edit them here: `{systemd} render` writes them, and `{systemd} install` installs them.
A change of your own belongs in a drop-in (`systemctl edit subs-TIMER.service`), which no installation touches.

{timer_table(timers)}
Each timer is a pair `subs-TIMER.timer` and `subs-TIMER.service`.
`subs-alert@.service` emails the recipients in `/etc/subs/alert.conf` when one of them fails, with the log of that run.
`sysusers.d/subs.conf` creates the user; `alert.conf` is the start of `/etc/subs/alert.conf`.

By hand, as root, in this folder:

```sh
install -m 0644 subs-*.service subs-*.timer /etc/systemd/system/
install -D -m 0644 sysusers.d/subs.conf /etc/sysusers.d/subs.conf
install -D -m 0644 "$({options.interpreter} -m flask_subscription_ops.schedules.systemd alert-sender)" \\
    /usr/local/lib/subscription-ops/subs_alert.py
test -e /etc/subs/alert.conf || install -D -m 0600 alert.conf /etc/subs/alert.conf
systemd-sysusers /etc/sysusers.d/subs.conf
systemctl daemon-reload
systemctl enable --now {units}
```
"""


def timer_table(timers: Iterable[Timer]) -> str:
    """Write what the timers do as a table, for this page and for the reference."""
    head = ("timer", "runs (UTC)", "caught up after downtime", "delay", "at most")
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *map(_row, timers)))


def _row(timer: Timer) -> list[str]:
    job = timer.job
    return [
        f"`{timer.name}`: {job.help}",
        "<br>".join(f"`{when.removesuffix(' UTC')}`" for when in map(calendar, timer.when)),
        "yes" if timer.persistent else "no",
        f"0 to {span(timer.delay_seconds)}" if timer.delay_seconds else "none",
        f"{span(job.timeout_seconds)}, {job.memory_mb} MB, {job.cpu_percent} % of a CPU",
    ]
