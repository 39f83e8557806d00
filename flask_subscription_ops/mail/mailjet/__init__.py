"""Emails through Mailjet."""
