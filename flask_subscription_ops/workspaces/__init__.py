"""Workspaces: what is stopped when it is not paid for."""
