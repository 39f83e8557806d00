from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flask_subscription_ops.errors import ConfigurationError
from flask_subscription_ops.mail.failover import FailoverTransport
from flask_subscription_ops.mail.registry import open_transport


def test_what_is_not_there_is_named_with_the_choice(app: Flask, make_settings: Callable[..., Any]) -> None:
    with pytest.raises(ConfigurationError, match="SUBS_MAIL names fax: use smtp, mailjet, file, memory"):
        open_transport(app, make_settings(mail=("memory", "fax")))


def test_what_was_changed_after_the_start_is_asked_again_before_a_password_travels(
    app: Flask, make_settings: Callable[..., Any]
) -> None:
    app.config.update(MAIL_SERVER="smtp.example.com", MAIL_USERNAME="user", MAIL_PASSWORD="hush")

    with pytest.raises(ConfigurationError, match="MAIL_PASSWORD would travel unencrypted"):
        open_transport(app, make_settings(mail=("smtp",)))


def test_several_names_are_a_fail_over_in_that_order(app: Flask, make_settings: Callable[..., Any]) -> None:
    transport = open_transport(app, make_settings(mail=("file", "memory")))

    assert isinstance(transport, FailoverTransport)
    assert [each.name for each in transport.transports] == ["file", "memory"]


@pytest.mark.parametrize(
    ("module", "loaded"),
    [
        ("base", "babel smtplib flask_mail mailjet_rest requests"),
        ("registry", "babel smtplib flask_mail mailjet_rest requests"),
        ("letters.render", "babel smtplib flask_mail mailjet_rest requests"),
        ("memory", "babel smtplib flask_mail mailjet_rest requests"),
        ("smtp", "babel flask_mail mailjet_rest requests"),
        ("mailjet", "babel smtplib flask_mail"),
    ],
)
def test_a_module_loads_no_library_of_another(module: str, loaded: str) -> None:
    code = f"import sys, flask_subscription_ops.mail.{module}; print(*set({loaded.split()}) & set(sys.modules))"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == ""
