"""Email: what is said (render) and who carries it (transports)."""
