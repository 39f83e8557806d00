"""Write the table of timers as systemd units: pure text, nothing is read or installed.

One `.service` and one `.timer` a timer, one alert template for them all, and the files that go with them.
The rules come from systemd.unit(5), systemd.service(5), systemd.timer(5) and systemd.exec(5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .alert import alert_service, alert_settings
from .calendar import calendar
from .guide import readme
from .options import UnitOptions
from .quoting import command, literal, span, word, words
from .sandbox import SANDBOX, SYSTEM_CODE

if TYPE_CHECKING:
    from ...jobs.timer import Timer


def render(options: UnitOptions, timers: Iterable[Timer]) -> Mapping[str, str]:
    """Return every file by its path in a folder of units; the same arguments give the same bytes."""
    timers = tuple(timers)
    files = {"README.md": readme(options, timers), "alert.conf": alert_settings(options)}
    files["sysusers.d/subs.conf"] = system_user(options)
    files["subs-alert@.service"] = alert_service()
    for timer in timers:
        files[f"subs-{timer.name}.service"] = service_unit(options, timer)
        files[f"subs-{timer.name}.timer"] = timer_unit(timer)
    return dict(sorted(files.items()))


def service_unit(options: UnitOptions, timer: Timer) -> str:
    """Write the unit that runs a timer's job once.

    It has no [Install]: only its timer starts it, never a boot. Exit status 1 (something failed), 3 (could not run)
    and 4 (stopped by a brake) are failures to systemd and so alert.
    """
    job = timer.job
    flask = (options.interpreter, "-m", "flask", "--app", options.app)
    run = command(*flask, options.group, job.name, *timer.arguments)
    return f"""\
[Unit]
Description=Subscriptions: {literal(job.help.removesuffix("."))}
Wants=network-online.target
After=network-online.target postgresql.service mariadb.service
OnFailure=subs-alert@%n.service

[Service]
Type=oneshot
ExecStart={run}
WorkingDirectory={literal(options.working_directory)}
User={options.user}
SyslogIdentifier=%N
{_environment(options)}{_credentials(options)}StateDirectory=subs
StateDirectoryMode=0700
LogsDirectory=subs
LogsDirectoryMode=0700
CacheDirectory=subs
CacheDirectoryMode=0700

# Limits: a job that hangs or leaks is stopped and alerts.
TimeoutStartSec={span(job.timeout_seconds)}
TimeoutStopSec=45s
KillMode=mixed
MemoryHigh={job.memory_mb * 4 // 5}M
MemoryMax={job.memory_mb}M
TasksMax=64
CPUQuota={job.cpu_percent}%
Nice=10
IOSchedulingClass=idle

{SANDBOX}NoExecPaths=/ /var/lib/subs /var/log/subs /var/cache/subs /tmp /var/tmp /dev/shm
ExecPaths={_exec_paths(options)}
"""


def timer_unit(timer: Timer) -> str:
    """Write the unit that says when a job runs, in UTC.

    It does not name its service: a `Requires=` would run the job whenever the timer is started. A delay is the same
    on every run of a host, and a missed run of a persistent timer is caught up at the next boot.
    """
    lines = [f"OnCalendar={expression}" for expression in map(calendar, timer.when)]
    lines.append(f"AccuracySec={span(timer.accuracy_seconds)}")
    if timer.delay_seconds:
        lines += [f"RandomizedDelaySec={span(timer.delay_seconds)}", "FixedRandomDelay=yes"]
    if timer.persistent:
        lines.append("Persistent=yes")
    schedule = "\n".join(lines)
    return f"""\
[Unit]
Description=When to run: {literal(timer.job.help.removesuffix("."))}

[Timer]
{schedule}

[Install]
WantedBy=timers.target
"""


def system_user(options: UnitOptions) -> str:
    """Write the user the jobs run as (sysusers.d(5)); one that exists already is left as it is."""
    return f'u {options.user} - "Subscription jobs" /var/lib/subs\n'


def _environment(options: UnitOptions) -> str:
    variables = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", **options.environment}
    return "".join(f"Environment={word(f'{name}={value}')}\n" for name, value in variables.items())


def _credentials(options: UnitOptions) -> str:
    return "".join(f"LoadCredential={name}:{literal(path)}\n" for name, path in options.credentials.items())


def _exec_paths(options: UnitOptions) -> str:
    homes = (options.environment_folder, options.interpreter_home)
    own = [path for path in dict.fromkeys(homes) if path != "/usr"]
    return " ".join(filter(None, (words(*own), SYSTEM_CODE)))
