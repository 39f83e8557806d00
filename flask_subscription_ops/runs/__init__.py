"""The engine of a job: guards, sweeps, the run and its report. It knows no job."""
