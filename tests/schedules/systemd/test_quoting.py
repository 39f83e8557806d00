from __future__ import annotations

import pytest

from flask_subscription_ops.schedules.systemd.quoting import command, literal, span, words


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain/path-1.2", "plain/path-1.2"),
        ("a b", '"a b"'),
        ("100%", "100%%"),
        ('"', '"\\""'),
        ("\\", '"\\\\"'),
        ("", '""'),
    ],
)
def test_a_word_is_read_back_as_itself(value, written):
    assert words(value) == written


def test_words_are_separated():
    assert words("a", "b c") == 'a "b c"'


def test_a_command_has_no_variables():
    assert command("echo", "$HOME") == 'echo "$$HOME"'


def test_a_rest_of_line_is_not_quoted():
    assert literal("/opt/my app/%n") == "/opt/my app/%%n"


@pytest.mark.parametrize(("seconds", "written"), [(0, "0s"), (59, "59s"), (60, "1min"), (90, "90s"), (7200, "2h")])
def test_a_span_is_as_short_as_it_can_be(seconds, written):
    assert span(seconds) == written
