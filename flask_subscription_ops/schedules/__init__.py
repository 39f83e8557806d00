"""The job table in each scheduler's language."""
