"""Every command of `flask subs`, those of its groups included."""

from __future__ import annotations

from collections.abc import Iterator

import click

from flask_subscription_ops.cli import SubsGroup

GROUP = SubsGroup("subs")


def leaves(group: click.Group = GROUP, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command
