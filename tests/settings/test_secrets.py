"""How secrets are read, and that nothing repeats them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_subscription_ops.errors import ConfigurationError
from flask_subscription_ops.settings import KEYS, Settings, read_settings

SECRETS = sorted(name for name, key in KEYS.items() if key.metadata.get("secret"))
REAL = "hush-hush-hush-hush-hush-hush-32"


def read(**config: Any) -> Settings:
    return read_settings({f"SUBS_{key}": value for key, value in config.items()})


def problems(**config: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as refused:
        read(**config)
    return refused.value.problems


def refusals(key: str, value: str) -> tuple[str, ...]:
    try:
        read(**{key: value})
    except ConfigurationError as refused:
        return refused.problems
    return ()


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_never_shown(name: str) -> None:
    settings = read(**{name.upper(): REAL})

    assert REAL in getattr(settings, name)
    assert REAL not in repr(settings)
    assert REAL not in str(settings)


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", [REAL.encode(), ["", REAL], {REAL: 1}, 12345, [REAL, REAL], f"{REAL},{REAL}"])
def test_a_secret_that_cannot_be_read_is_not_shown_either(name: str, value: Any) -> None:
    try:
        shown = repr(read(**{name.upper(): value}))
    except ConfigurationError as refused:
        shown = str(refused)

    assert REAL not in shown
    assert "12345" not in shown


@pytest.mark.parametrize("name", SECRETS)
@given(value=st.text(min_size=6).filter(lambda text: not text.isalpha()))  # a word of ours is no secret
def test_no_error_repeats_a_secret(name: str, value: str) -> None:
    assert not any(value in said for key in (name.upper(), f"{name.upper()}_FILE") for said in refusals(key, value))


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "value",
    [
        *("changeme", "change-me", "CHANGE_ME!", "sk_live_changeme", "please-replace-this", "changeme" * 4),
        *("secret", "password", "Password1234", "example", "placeholder", "xxx", "xxxxxxxx", "XXXXXXXXXXXXXXXX"),
        *("<secret>", "<your mailjet key: see its console>", "${MAILJET_SECRET_OF_PRODUCTION}", "{{ secret_key }}"),
        "your-secret-key-of-the-provider",
    ],
)
def test_a_placeholder_is_no_secret(name: str, value: str) -> None:
    (problem,) = problems(**{name.upper(): value})

    assert problem == f"SUBS_{name.upper()} is a placeholder: put the real secret there"


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", ["1234567", "a", "7777777"])
def test_a_short_secret_is_refused(name: str, value: str) -> None:
    (problem,) = problems(**{name.upper(): value})

    assert problem.startswith(f"SUBS_{name.upper()} needs at least ")
    assert problem.endswith("generate it at random")


def test_a_secret_that_signs_workspace_requests_has_thirty_two_characters() -> None:
    assert read(WORKSPACES_SECRETS="s" * 32).workspaces_secrets == ("s" * 32,)
    assert problems(WORKSPACES_SECRETS="s" * 31) == (
        "SUBS_WORKSPACES_SECRETS needs at least 32 characters: generate it at random",
    )


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "value", [f"{REAL}\n", f"{REAL}\n{REAL}x", f"\ufeff{REAL}", f"{REAL}\0", f" {REAL}", f"{REAL}\u200b", f"{REAL}é"]
)
def test_what_no_secret_holds_is_a_copying_mistake(name: str, value: str) -> None:
    (problem,) = problems(**{name.upper(): value})

    assert problem.startswith(f"SUBS_{name.upper()} ")


@pytest.mark.parametrize("key", ["MAILJET_API_SECRET", "DEPLOYMENT", "MAIL_SENDER"])
def test_a_byte_order_mark_is_called_by_its_name(key: str) -> None:
    (problem,) = problems(**{key: f"\ufeff{REAL}"})

    assert problem == f"SUBS_{key} begins with a byte order mark: remove this invisible character (U+FEFF)"


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("written", [f"{REAL}\n", REAL, f"{REAL}\r\n", f"\ufeff{REAL}\n", f"\n{REAL}\n\n"])
def test_every_secret_may_be_given_as_a_file(name: str, written: str, tmp_path: Path) -> None:
    settings = read(**{f"{name.upper()}_FILE": write(tmp_path / "credential", written)})

    assert getattr(settings, name) in (REAL, (REAL,))
    assert REAL not in repr(settings)


def test_a_file_of_several_secrets_has_one_on_each_line(tmp_path: Path) -> None:
    path = write(tmp_path / "credential", "\ufeffthe-newest\r\n\r\nthe-older\n")

    assert read(TRIGGER_TOKENS_FILE=str(path)).trigger_tokens == ("the-newest", "the-older")


def test_a_file_of_one_secret_has_one_line(tmp_path: Path) -> None:
    path = write(tmp_path / "credential", "the-newest\nthe-older\n")

    (problem,) = problems(STRIPE_SECRET_KEY_FILE=path)

    assert problem.startswith("SUBS_STRIPE_SECRET_KEY_FILE holds a line break")


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read: No such file"), ("", "is empty"), ("\ufeff \n", "is empty"), (b"\xff\xfe", "UTF-8")],
)
def test_a_file_that_holds_no_secret_is_a_problem(content: str | bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "credential"
    if content is not None:
        write(path, content)

    (problem,) = problems(MAILJET_API_KEY_FILE=path)

    assert problem.startswith("SUBS_MAILJET_API_KEY_FILE ")
    assert said in problem


@pytest.mark.parametrize("path", [5, None, "a\0b", [], "/"])
def test_a_path_that_is_none_is_a_problem(path: Any) -> None:
    (problem,) = problems(MAILJET_API_KEY_FILE=path)

    assert problem.startswith("SUBS_MAILJET_API_KEY_FILE ")


def test_a_secret_given_both_ways_is_a_problem(tmp_path: Path) -> None:
    path = write(tmp_path / "credential", REAL)

    assert problems(MAILJET_API_SECRET=REAL, MAILJET_API_SECRET_FILE=path) == (
        "SUBS_MAILJET_API_SECRET_FILE is given beside SUBS_MAILJET_API_SECRET: remove one of them",
    )


def test_only_secrets_may_be_given_as_files() -> None:
    (problem,) = problems(TRIAL_DAYS_FILE="/tmp/days")

    assert problem.startswith("SUBS_TRIAL_DAYS_FILE is not a setting")
