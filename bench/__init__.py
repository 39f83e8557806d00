"""What the package costs and what it survives, measured side by side with other ways of doing the same."""
