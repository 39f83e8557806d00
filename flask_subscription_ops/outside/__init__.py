"""What every adapter needs once: a deadline, a call that can be left, a safe way out, and text from outside."""
