"""The only writers: one business verb a file. They join the caller's session and never commit."""
