from __future__ import annotations

from dataclasses import replace

import pytest

from flask_subscription_ops.errors import InvalidInput
from flask_subscription_ops.schedules.systemd.example import EXAMPLE

BAD = [
    ("user", "root"),
    ("user", "subs\nUser=root"),
    ("user", "Subs"),
    ("user", ""),
    ("app", "wsgi\nExecStartPre=/bin/sh"),
    ("app", "--help"),
    ("app", "wsgi; reboot"),
    ("app", ""),
    ("interpreter", "venv/bin/python"),
    ("interpreter", "/opt/app/../root/python"),
    ("interpreter", "/opt/app/$HOME/python"),
    ("interpreter", '/opt/"app"/python'),
    ("group", "subs; reboot"),
    ("working_directory", "/opt/app\n"),
    ("working_directory", "/opt/app "),
    ("working_directory", "/opt//app"),
    ("credentials", {"a:b": "/etc/subs/a"}),
    ("credentials", {"a/b": "/etc/subs/a"}),
    ("credentials", {"a": "secret"}),
    ("environment", {"A B": "c"}),
    ("environment", {"A": "b\nUser=root"}),
    ("alert_app", "a\nb"),
    ("alert_sender", "me"),
    ("alert_recipients", ("a@example.com, b@example.com",)),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=repr)
def test_what_cannot_work_is_refused(name, value):
    with pytest.raises(InvalidInput):
        replace(EXAMPLE, **{name: value})


@pytest.mark.parametrize(
    "name",
    ["wsgi", "examples.saas:create_app", "app.py", "./wsgi.py:app", "shop:create_app('live')", "a.b:make(1, x=2)"],
)
def test_every_form_of_flask_app_is_taken(name):
    assert replace(EXAMPLE, app=name).app == name


@pytest.mark.parametrize(
    ("given", "stranger"),
    [("fac:make(env='50%')", "'%'"), ("wsgi; reboot", "';'"), ("a:b($HOME)", "'$'"), ("a\nb", r"'\n'")],
)
def test_what_cannot_stand_in_a_command_line_is_named(given, stranger):
    with pytest.raises(InvalidInput) as refused:
        replace(EXAMPLE, app=given)

    assert f"package:create_app without {stranger}, got " in str(refused.value)


@pytest.mark.parametrize("user", ["subs", "www-data", "_app", "app1"])
def test_system_users_are_taken(user):
    assert replace(EXAMPLE, user=user).user == user


@pytest.mark.parametrize(
    ("name", "path", "folder"),
    [
        ("interpreter", "/root/venv/bin/python", "/root"),
        ("interpreter_home", "/home/me/.pyenv", "/home"),
        ("working_directory", "/tmp/app", "/tmp"),
    ],
)
def test_a_hidden_path_is_named_with_the_remedy(name, path, folder):
    (sentence,) = replace(EXAMPLE, **{name: path}).hidden

    assert sentence == f"{name} {path} is hidden from the units, which do not see {folder}: use /opt or /srv"


def test_a_path_that_only_begins_like_a_hidden_one_is_seen():
    assert replace(EXAMPLE, working_directory="/homes/me").hidden == []
