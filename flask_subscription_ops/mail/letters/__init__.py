"""What an email says: notices, templates, words and dates in three languages."""
