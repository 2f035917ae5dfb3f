"""One file a system: each runs the job of `bench/job.py` until it is told to stop."""
