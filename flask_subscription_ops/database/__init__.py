"""The database as our own sessions use it: transactions, deadlines, contention, dialects, and what an error means."""
