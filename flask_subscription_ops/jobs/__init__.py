"""The periodic tasks: one file a job, and the table of jobs and of the timers that ring them."""
