"""What a job may not do: the same lines in every unit (systemd.exec(5), systemd.resource-control(5)).

`systemd-analyze security` rates the jobs 1.1, where 10 is a bare unit and 1.5 is the most the project ships.
What is left of the rating is the network, which a job that sends email cannot do without.
"""

from __future__ import annotations

# For ExecPaths=. A leading "-" lets the unit start where a path is absent: not every system has a lib64.
SYSTEM_CODE = "-/usr/bin -/usr/lib -/usr/lib64 -/lib -/lib64"

SANDBOX = """\
# Files: the whole system is read-only, other people's homes and temporary files do not exist.
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateMounts=yes
PrivateDevices=yes
DevicePolicy=closed
ProtectProc=invisible
ProcSubset=pid
UMask=0077

# Kernel: none of its settings, modules, logs or clocks.
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes

# Rights: none of root's, and no way to gain any.
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
PrivateUsers=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private

# Code: only what was installed runs. A library that writes code at run time needs a drop-in here.
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

# Network: sockets and IP only; a drop-in can narrow it to known addresses.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
"""
