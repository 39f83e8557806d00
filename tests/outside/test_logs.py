from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

import flask_subscription_ops
from flask_subscription_ops.outside.logs import logger

from .test_text import Mute

PACKAGE = Path(flask_subscription_ops.__file__).parent


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    return caplog


def test_an_argument_forges_no_line_and_names_no_mailbox(lines: pytest.LogCaptureFixture) -> None:
    logger().warning("%s failed after %d tries, %.1f s", "7\nERROR all lost ada@customer.example", 3, 0.5)

    assert lines.text == "WARNING 7 ERROR all lost <address> failed after 3 tries, 0.5 s\n"


def test_named_arguments_are_redacted_too(lines: pytest.LogCaptureFixture) -> None:
    logger().warning("%(who)s", {"who": "a\x1b[31m\nb"})

    assert lines.text == "WARNING a[31m b\n"


def test_an_object_without_a_text_is_logged_by_its_type(lines: pytest.LogCaptureFixture) -> None:
    logger().warning("%s failed", Mute())

    assert lines.text == "WARNING Mute failed\n"


def test_a_traceback_ends_in_one_redacted_line(lines: pytest.LogCaptureFixture) -> None:
    try:
        raise RuntimeError("first\nERROR forged by ada@customer.example")
    except RuntimeError:
        logger().exception("a receiver failed")

    assert lines.text.splitlines()[-1] == "RuntimeError: first ERROR forged by <address>"
    assert lines.text.splitlines()[1] == "Traceback (most recent call last):"
    assert "test_logs.py" in lines.text


def test_every_logger_of_the_package_comes_from_here() -> None:
    others = [path.name for path in PACKAGE.rglob("*.py") if re.search(r"\bgetLogger\(", path.read_text())]

    assert others == ["logs.py"]
