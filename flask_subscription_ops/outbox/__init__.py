"""Effects: queued in the caller's transaction, claimed under a lease, delivered outside any transaction."""
