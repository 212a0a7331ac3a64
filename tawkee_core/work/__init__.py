"""The worker process: a leader finds what is due, RQ jobs carry the hint, threads do the work, PostgreSQL knows the
truth."""
