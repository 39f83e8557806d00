"""What is read back: status, one account's story, the audit, and what is wrong with the set-up."""
