"""How an HTTP provisioner meets a network that lies."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from datetime import datetime, timezone

import pytest

from flask_subscription_ops.errors import (
    DeadlineExceeded,
    PermanentFailure,
    TemporaryFailure,
    UnknownOutcome,
    Unreachable,
)
from flask_subscription_ops.workspaces.base import Operation
from flask_subscription_ops.workspaces.http import HttpProvisioner
from flask_subscription_ops.workspaces.signatures import verify_signature

from ..outside.addresses import resolve_to, silent_address
from .stages import SECRET, running_receiver

NOW = datetime(2026, 12, 1, 9, tzinfo=timezone.utc)
OPERATION = Operation("workspaces:sub-1:4:stop", "default", "trial_ended", 1)


@pytest.fixture
def receiver():
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def provisioner(receiver):
    return HttpProvisioner(receiver.url, [SECRET], timeout=5, clock=lambda: NOW)


@contextmanager
def server_that(behaves):
    """A server on a socket: `behaves(peer, released)` is called with one connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        released = threading.Event()

        def serve():
            peer, _ = server.accept()
            with peer:
                behaves(peer, released)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        released.set()
        thread.join(5)


def receive_request(peer):
    while b"subscription_id" not in peer.recv(65536):
        pass


def test_a_request_says_what_is_wished(provisioner, receiver):
    provisioner.suspend("acme", OPERATION)

    path, headers, body = receiver.requests[0]
    assert path == "/workspaces?team=1"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {
        "id": "workspaces:sub-1:4:stop",
        "account": "acme",
        "action": "suspend",
        "product": "default",
        "reason": "trial_ended",
        "subscription_id": 1,
        "at": "2026-12-01T09:00:00Z",
    }


def test_the_receiver_can_verify_it(provisioner, receiver):
    provisioner.resume("acme", OPERATION)

    _, headers, body = receiver.requests[0]
    assert verify_signature([SECRET], headers, body, NOW)
    assert headers["X-Subs-Operation"] == OPERATION.id


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_is_done(provisioner, receiver, status):
    receiver.answers.append((status, {}))

    provisioner.suspend("acme", OPERATION)


@pytest.mark.parametrize("status", [400, 403, 404, 410, 422, 451])
def test_a_refusal_is_permanent(provisioner, receiver, status):
    receiver.answers.append((status, {}))

    with pytest.raises(PermanentFailure, match=str(status)):
        provisioner.suspend("acme", OPERATION)


@pytest.mark.parametrize("status", [401, 407])
def test_a_receiver_that_refuses_us_has_said_nothing_of_the_operation(provisioner, receiver, status):
    receiver.answers.append((status, {}))

    with pytest.raises(Unreachable, match=f"refuses us with status {status}: .*SUBS_WORKSPACES_SECRETS"):
        provisioner.suspend("acme", OPERATION)


@pytest.mark.parametrize("status", [408, 409, 425, 429])
def test_not_now_is_tried_again(provisioner, receiver, status):
    receiver.answers.append((status, {}))

    with pytest.raises(TemporaryFailure, match=str(status)):
        provisioner.suspend("acme", OPERATION)


@pytest.mark.parametrize("status", [300, 301, 304, 399, 430, 460, 499, 500, 502, 503, 504, 599, 600, 999])
def test_what_does_not_say_whether_it_was_done_is_unknown(provisioner, receiver, status):
    receiver.answers.append((status, {}))

    with pytest.raises(UnknownOutcome, match=str(status)):
        provisioner.suspend("acme", OPERATION)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(provisioner, receiver, status):
    with running_receiver() as other:
        receiver.answers.append((status, {"Location": other.url}))

        with pytest.raises(UnknownOutcome):
            provisioner.suspend("acme", OPERATION)
        assert other.requests == []


def test_proxies_of_the_environment_are_not_used(provisioner, receiver, monkeypatch):
    with running_receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", "")

        provisioner.suspend("acme", OPERATION)

        assert (len(receiver.requests), proxy.requests) == (1, [])


def test_a_closed_port_was_surely_not_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(Unreachable):
        HttpProvisioner(f"http://127.0.0.1:{port}", [SECRET]).suspend("acme", OPERATION)


def test_a_lost_answer_leaves_the_outcome_unknown():
    with server_that(lambda peer, _: receive_request(peer)) as url, pytest.raises(UnknownOutcome):
        HttpProvisioner(url, [SECRET], timeout=5).suspend("acme", OPERATION)


def test_nonsense_for_an_answer_leaves_the_outcome_unknown():
    def babble(peer, released):
        receive_request(peer)
        peer.sendall(b"220 mail.example.com ESMTP\r\n\r\n")

    with server_that(babble) as url, pytest.raises(UnknownOutcome):
        HttpProvisioner(url, [SECRET], timeout=5).suspend("acme", OPERATION)


def test_silence_after_the_request_is_left_at_the_deadline():
    with server_that(lambda peer, released: released.wait(10)) as url, pytest.raises(DeadlineExceeded):
        HttpProvisioner(url, [SECRET], timeout=0.3).suspend("acme", OPERATION)


def test_a_dripping_answer_is_left_at_the_deadline():
    def drip(peer, released):
        peer.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        with suppress(OSError):
            while not released.wait(0.05):
                peer.sendall(b"x")

    started = time.monotonic()
    with server_that(drip) as url, pytest.raises(DeadlineExceeded):
        HttpProvisioner(url, [SECRET], timeout=0.5).suspend("acme", OPERATION)
    assert time.monotonic() - started < 3


def test_a_slow_name_look_up_ends_as_surely_not_done(receiver, monkeypatch):
    looked_up = threading.Event()
    real = socket.getaddrinfo

    def slow(*arguments, **options):
        looked_up.wait(5)
        return real(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    provisioner = HttpProvisioner(receiver.url, [SECRET], timeout=0.2)

    with pytest.raises(Unreachable, match="looked up"):
        provisioner.suspend("acme", OPERATION)
    looked_up.set()
    for thread in threading.enumerate():
        if thread.name == "subscription-ops-call":
            thread.join(5)

    assert receiver.requests == []


def test_silent_addresses_leave_time_for_the_one_that_answers(receiver, monkeypatch):
    with silent_address() as silent:
        resolve_to(monkeypatch, silent, silent, receiver.server_address)

        HttpProvisioner("http://localhost/", [SECRET], timeout=1).suspend("acme", OPERATION)

    assert len(receiver.requests) == 1


def test_silent_addresses_alone_take_one_deadline_and_were_surely_not_reached(monkeypatch):
    started = time.monotonic()
    with silent_address() as silent:
        resolve_to(monkeypatch, *[silent] * 6)

        with pytest.raises(Unreachable):
            HttpProvisioner("http://localhost/", [SECRET], timeout=0.4).suspend("acme", OPERATION)

    assert time.monotonic() - started < 2


def test_a_huge_answer_is_not_read():
    def flood(peer, released):
        receive_request(peer)
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(OSError):
            for _ in range(1_000):
                peer.sendall(b"x" * 1_000_000)

    started = time.monotonic()
    with server_that(flood) as url:
        HttpProvisioner(url, [SECRET], timeout=5).suspend("acme", OPERATION)
    assert time.monotonic() - started < 3


def test_endless_headers_leave_the_outcome_unknown():
    def flood(peer, released):
        peer.sendall(b"HTTP/1.1 200 OK\r\n")
        with suppress(OSError):
            while not released.is_set():
                peer.sendall(b"X-More: x\r\n")

    with server_that(flood) as url, pytest.raises(UnknownOutcome):
        HttpProvisioner(url, [SECRET], timeout=5).suspend("acme", OPERATION)


def test_secrets_stay_out_of_its_representation():
    assert SECRET not in repr(HttpProvisioner("https://example.com", [SECRET]))


@pytest.fixture
def tls_receiver(receiver, tmp_path):
    """The receiver behind TLS, with a certificate that only its own file vouches for."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    receiver.handle_error = lambda *_: None
    return f"https://localhost:{receiver.server_port}/", certificate


def test_a_certificate_nobody_vouches_for_is_not_trusted(tls_receiver, receiver):
    url, _ = tls_receiver

    with pytest.raises(Unreachable, match="certificate"):
        HttpProvisioner(url, [SECRET], timeout=5).suspend("acme", OPERATION)
    assert receiver.requests == []


def test_a_private_authority_can_be_trusted(tls_receiver, receiver):
    url, certificate = tls_receiver

    tls = ssl.create_default_context(cafile=str(certificate))
    HttpProvisioner(url, [SECRET], timeout=5, tls=tls).suspend("acme", OPERATION)

    assert len(receiver.requests) == 1
