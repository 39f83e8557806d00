"""The unit that tells people, and the settings it sends with."""

from __future__ import annotations

from .options import UnitOptions
from .sandbox import SANDBOX, SYSTEM_CODE

ALERT_SENDER = "/usr/local/lib/subscription-ops/subs_alert.py"
ALERT_SETTINGS = "/etc/subs/alert.conf"


def alert_service() -> str:
    """Write the template that emails the administrators about a failed unit.

    It shares nothing with the jobs that could break with them: not their user, their interpreter, their secrets or
    their database. It has no OnFailure= of its own, and sends at most four emails an hour about one unit.
    """
    return f"""\
[Unit]
Description=Alert: %i failed
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=1h
StartLimitBurst=4

[Service]
Type=oneshot
ExecStart=/usr/bin/python3 -I {ALERT_SENDER} %i
DynamicUser=yes
SyslogIdentifier=subs-alert
SupplementaryGroups=systemd-journal
LoadCredential=alert.conf:{ALERT_SETTINGS}
TimeoutStartSec=1min
TimeoutStopSec=10s
MemoryMax=128M
TasksMax=16

{SANDBOX}NoExecPaths=/ /tmp /var/tmp /dev/shm
ExecPaths={SYSTEM_CODE}
"""


def alert_settings(options: UnitOptions) -> str:
    """Write the settings of the alert sender, to be completed by hand and kept readable by root alone."""
    return f"""\
[alert]
app = {options.alert_app}
sender = {options.alert_sender}
recipients = {", ".join(options.alert_recipients)}
server = localhost
port = 25
# none, starttls or tls. A username is sent only with TLS or to this host.
tls = none
username =
password =
"""
