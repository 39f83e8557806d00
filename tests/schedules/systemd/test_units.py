"""What every unit says, read from its text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flask_subscription_ops.domain.schedule import Daily, Every, Weekly
from flask_subscription_ops.schedules.systemd.alert import alert_service, alert_settings
from flask_subscription_ops.schedules.systemd.calendar import calendar
from flask_subscription_ops.schedules.systemd.example import EXAMPLE
from flask_subscription_ops.schedules.systemd.units import render, service_unit, timer_unit

from .reading import sections


def jobs_services(units):
    return [sections(text) for name, text in units.items() if name.endswith(".service") and "@" not in name]


def written_timers(units):
    return {name: sections(text) for name, text in units.items() if name.endswith(".timer")}


def test_each_timer_has_a_service_of_the_same_name(units):
    assert {name.removesuffix(".timer") + ".service" for name in written_timers(units)} <= units.keys()


def test_each_timer_of_the_table_has_its_unit(units, timers):
    assert set(written_timers(units)) == {f"subs-{timer.name}.timer" for timer in timers}


def test_no_service_is_started_by_a_boot(units):
    assert not any("Install" in unit for unit in jobs_services(units))
    assert "Install" not in sections(alert_service())


def test_no_timer_requires_its_service(units):
    assert all(unit["Unit"].keys() == {"Description"} for unit in written_timers(units).values())


def test_failure_alerts_from_the_unit_section(units):
    for unit in jobs_services(units):
        assert unit["Unit"]["OnFailure"] == ["subs-alert@%n.service"]
        assert "OnFailure" not in unit["Service"]


def test_a_failed_alert_does_not_alert(units):
    assert "OnFailure" not in sections(units["subs-alert@.service"])["Unit"]


def test_alerts_are_limited_to_four_an_hour(units):
    unit = sections(units["subs-alert@.service"])["Unit"]
    assert (unit["StartLimitIntervalSec"], unit["StartLimitBurst"]) == (["1h"], ["4"])


def test_every_calendar_is_in_utc(units):
    assert all(when.endswith(" UTC") for unit in written_timers(units).values() for when in unit["Timer"]["OnCalendar"])


def test_timers_say_what_the_table_says(units, timers):
    for timer in timers:
        written = written_timers(units)[f"subs-{timer.name}.timer"]["Timer"]["OnCalendar"]
        assert written == [calendar(rhythm) for rhythm in timer.when]


@pytest.mark.parametrize(
    ("rhythm", "expression"),
    [
        (Every(minutes=1), "*-*-* *:*:00 UTC"),
        (Every(minutes=15), "*-*-* *:00/15:00 UTC"),
        (Every(hours=1), "*-*-* *:00:00 UTC"),
        (Every(hours=6), "*-*-* 00/6:00:00 UTC"),
        (Daily("03:30"), "*-*-* 03:30:00 UTC"),
        (Weekly("Sunday", "04:00"), "Sun *-*-* 04:00:00 UTC"),
    ],
)
def test_each_rhythm_is_written_in_systemds_notation(rhythm, expression):
    assert calendar(rhythm) == expression


def test_a_service_passes_the_arguments_of_its_timer(timers):
    timer = replace(timers[0], name="health-check-workspaces", arguments=("workspaces", "--limit", "5"))

    rendered = render(EXAMPLE, [timer])

    started = sections(rendered["subs-health-check-workspaces.service"])["Service"]["ExecStart"]
    assert started == ["/opt/app/venv/bin/python -m flask --app wsgi subs trial-check workspaces --limit 5"]
    assert "subs-health-check-workspaces.timer" in rendered
    assert "`health-check-workspaces`" in rendered["README.md"]


def test_a_delay_is_the_same_on_every_run(timers):
    section = sections(timer_unit(replace(timers[0], delay_seconds=300)))["Timer"]

    assert section["RandomizedDelaySec"] == ["5min"]
    assert section["FixedRandomDelay"] == ["yes"]


def test_without_a_delay_none_is_written(timers):
    assert "RandomizedDelaySec" not in sections(timer_unit(replace(timers[0], delay_seconds=0)))["Timer"]


@pytest.mark.parametrize(("persistent", "written"), [(True, ["yes"]), (False, None)])
def test_only_persistent_jobs_are_caught_up(timers, persistent, written):
    assert sections(timer_unit(replace(timers[0], persistent=persistent)))["Timer"].get("Persistent") == written


def test_limits_come_from_the_table(timers):
    job = replace(timers[0].job, timeout_seconds=90, memory_mb=500, cpu_percent=25)

    section = sections(service_unit(EXAMPLE, replace(timers[0], job=job)))["Service"]

    assert section["TimeoutStartSec"] == ["90s"]
    assert (section["MemoryHigh"], section["MemoryMax"]) == (["400M"], ["500M"])
    assert section["CPUQuota"] == ["25%"]


def test_a_service_runs_the_flask_command_of_its_job(units):
    section = sections(units["subs-trial-check.service"])["Service"]

    assert section["ExecStart"] == ["/opt/app/venv/bin/python -m flask --app wsgi subs trial-check"]
    assert section["WorkingDirectory"] == ["/opt/app"]
    assert section["User"] == ["subs"]


def test_a_delivery_that_hangs_is_stopped_before_five_more_are_missed(units):
    assert sections(units["subs-deliver.service"])["Service"]["TimeoutStartSec"] == ["5min"]
    assert sections(units["subs-trial-check.service"])["Service"]["TimeoutStartSec"] == ["1h"]


def test_secrets_come_as_credentials(units):
    assert sections(units["subs-deliver.service"])["Service"]["LoadCredential"] == [
        "database-url:/etc/subs/database-url",
        "secret-key:/etc/subs/secret-key",
    ]


def test_every_failing_exit_status_is_a_failure(units):
    assert not any("SuccessExitStatus" in text for text in units.values())


def test_nothing_deprecated_or_harmless_is_written(units):
    for text in units.values():
        for key in ("MemoryLimit=", "EnvironmentFile=", "StandardOutput=", "FLASK_ENV", "TimeoutSec="):
            assert key not in text


def test_the_alert_shares_nothing_with_the_jobs(units):
    section = sections(units["subs-alert@.service"])["Service"]

    assert section["ExecStart"] == ["/usr/bin/python3 -I /usr/local/lib/subscription-ops/subs_alert.py %i"]
    assert section["DynamicUser"] == ["yes"]
    assert section["LoadCredential"] == ["alert.conf:/etc/subs/alert.conf"]
    assert "/opt/app" not in units["subs-alert@.service"]


def test_a_path_with_spaces_and_percent_signs_stays_itself(timers):
    options = replace(
        EXAMPLE, interpreter="/opt/my app/100%/bin/python", working_directory="/opt/my app", credentials={"a": "/e/b c"}
    )

    section = sections(service_unit(options, timers[0]))["Service"]

    assert section["ExecStart"][0].startswith('"/opt/my app/100%%/bin/python" -m flask')
    assert section["WorkingDirectory"] == ["/opt/my app"]
    assert section["ExecPaths"][0].startswith('"/opt/my app/100%%" -/usr/bin')
    assert section["LoadCredential"] == ["a:/e/b c"]


def test_an_environment_value_is_quoted(timers):
    options = replace(EXAMPLE, environment={"GREETING": 'a "b" \\ %n $HOME'})

    assert 'Environment="GREETING=a \\"b\\" \\\\ %%n $HOME"' in service_unit(options, timers[0])


def test_an_interpreter_outside_usr_may_be_run(timers):
    section = sections(service_unit(replace(EXAMPLE, interpreter_home="/opt/python/3.13"), timers[0]))["Service"]

    assert section["ExecPaths"][0].startswith("/opt/app/venv /opt/python/3.13 -/usr/bin")


def test_the_alert_settings_hold_what_was_given():
    text = alert_settings(
        replace(EXAMPLE, alert_app="Acme", alert_sender="a@example.com", alert_recipients=("b@x.org", "c@x.org"))
    )

    assert "app = Acme\nsender = a@example.com\nrecipients = b@x.org, c@x.org\n" in text


def test_the_order_of_the_jobs_does_not_matter_to_the_units(timers, units):
    again = render(EXAMPLE, reversed(timers))

    assert {name: again[name] for name in units} == units
