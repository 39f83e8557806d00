"""What the killed host sends its emails to: one process for each way of sending."""

HESITATION = 0.004  # seconds at most, on either side of an acceptance
