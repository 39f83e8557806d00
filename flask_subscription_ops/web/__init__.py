"""What a host's pages use."""
