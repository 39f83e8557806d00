"""A stage for every provisioner: the provisioner, and the world it acts on.

A new provisioner adds its stage to `STAGES` and passes `test_conformance.py`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from flask_subscription_ops.errors import PermanentFailure, TemporaryFailure
from flask_subscription_ops.hooks import Hooks
from flask_subscription_ops.workspaces.base import Provisioner
from flask_subscription_ops.workspaces.hooks import HookProvisioner
from flask_subscription_ops.workspaces.http import HttpProvisioner
from flask_subscription_ops.workspaces.memory import MemoryProvisioner

SECRET = "s" * 32


@dataclass
class Stage:
    """`seen()` lists what reached the world as (action, account, operation id), repeats included or recognised."""

    provisioner: Provisioner
    is_running: Callable[[str, str], bool]
    seen: Callable[[], list[tuple[str, str, str]]]
    refuse_next: Callable[[], None]
    be_busy_next: Callable[[], None]


class Receiver(ThreadingHTTPServer):
    """A receiver as its documentation asks for: a repeat of an operation is answered and not done again."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ReceiverHandler)
        self.requests = []
        self.done = {}
        self.running = {}
        self.answers = []
        threading.Thread(target=self.serve_forever, args=[0.01], daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/workspaces?team=1"

    def carry_out(self, wish):
        if wish["id"] not in self.done:
            self.done[wish["id"]] = wish
            self.running[wish["account"], wish["product"]] = wish["action"] == "resume"


class ReceiverHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, self.headers, body))
        status, headers = self.server.answers.pop(0) if self.server.answers else (204, {})
        if status < 300:
            self.server.carry_out(json.loads(body))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.shutdown()
    receiver.server_close()


@contextmanager
def memory() -> Iterator[Stage]:
    provisioner = MemoryProvisioner()
    yield Stage(
        provisioner,
        provisioner.is_running,
        lambda: [(call.action, call.account_id, call.operation.id) for call in provisioner.calls],
        lambda: provisioner.fail_next(PermanentFailure("refused")),
        lambda: provisioner.fail_next(TemporaryFailure("busy")),
    )


@contextmanager
def http() -> Iterator[Stage]:
    with running_receiver() as receiver:
        yield Stage(
            HttpProvisioner(receiver.url, [SECRET], timeout=5),
            lambda account, product: receiver.running.get((account, product), True),
            lambda: [(wish["action"], wish["account"], wish["id"]) for wish in receiver.done.values()],
            lambda: receiver.answers.append((404, {})),
            lambda: receiver.answers.append((429, {})),
        )


@contextmanager
def hooks() -> Iterator[Stage]:
    world, registry = MemoryProvisioner(), Hooks()
    registry.register("suspend_workspaces", world.suspend)
    registry.register("resume_workspaces", world.resume)
    yield Stage(
        HookProvisioner(registry.require),
        world.is_running,
        lambda: [(call.action, call.account_id, call.operation.id) for call in world.calls],
        lambda: world.fail_next(PermanentFailure("refused")),
        lambda: world.fail_next(TemporaryFailure("busy")),
    )


STAGES = {"memory": memory, "http": http, "hooks": hooks}
