"""The periodic tasks: one file a job, and the table that names them."""
