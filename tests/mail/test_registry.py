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


@pytest.mark.parametrize(
    ("names", "message"), [((), "names no transport"), (("memory", "fax"), "unknown transport 'fax'")]
)
def test_what_is_not_there_is_named_with_the_choice(
    app: Flask, make_settings: Callable[..., Any], names: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"{message}.*smtp, mailjet, file, memory"):
        open_transport(app, make_settings(mail=names))


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
