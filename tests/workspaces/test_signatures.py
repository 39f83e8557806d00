from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from flask_subscription_ops.workspaces.signatures import sign, verify_signature

NOW = datetime(2026, 12, 1, 9, tzinfo=timezone.utc)
OLD, NEW = "o" * 32, "n" * 32
BODY = b'{"id": "a"}'


def test_the_signature_is_the_documented_one():
    # printf '%s' 'op-1.1796115600.{"id": "a"}' | openssl dgst -sha256 -hmac oooooooooooooooooooooooooooooooo
    assert sign([OLD], "op-1", BODY, NOW) == {
        "X-Subs-Operation": "op-1",
        "X-Subs-Timestamp": "1796115600",
        "X-Subs-Signature": "v1=9b4d20390e356318cad32c6174b19147895ef55aa26207dbf7f31567bff17a05",
    }


@pytest.mark.parametrize("active", [[OLD], [NEW], [NEW, OLD]], ids=["old", "new", "both"])
def test_either_secret_verifies_during_a_rotation(active):
    headers = sign([OLD, NEW], "op-1", BODY, NOW)

    assert verify_signature(active, headers, BODY, NOW)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_or_future_request_is_not_verified(minutes):
    assert not verify_signature([OLD], sign([OLD], "op-1", BODY, NOW), BODY, NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "change",
    [
        {"X-Subs-Operation": "op-2"},
        {"X-Subs-Timestamp": "1796115601"},
        {"X-Subs-Timestamp": "١٧٩٦١١٥٦٠٠"},
        {"X-Subs-Timestamp": "9" * 400},
        {"X-Subs-Timestamp": ""},
        {"X-Subs-Signature": ""},
        {"X-Subs-Signature": "v1="},
        {"X-Subs-Signature": "v0=é"},
    ],
    ids=str,
)
def test_a_changed_header_is_not_verified(change):
    assert not verify_signature([OLD], sign([OLD], "op-1", BODY, NOW) | change, BODY, NOW)


def test_a_changed_body_is_not_verified():
    assert not verify_signature([OLD], sign([OLD], "op-1", BODY, NOW), BODY + b" ", NOW)


@pytest.mark.parametrize("secrets", [[], [""], [NEW]], ids=["none", "empty", "other"])
def test_without_the_secret_nothing_is_verified(secrets):
    assert not verify_signature(secrets, sign([OLD], "op-1", BODY, NOW), BODY, NOW)
    assert not verify_signature(secrets, sign([""], "op-1", BODY, NOW), BODY, NOW)
