"""The periodic tasks: one file a job, the table that names them, and the engine that runs them."""
