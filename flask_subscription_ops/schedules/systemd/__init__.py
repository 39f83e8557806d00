"""The timers as systemd units, and their installation."""
