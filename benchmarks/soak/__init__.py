"""A whole installation under a steady load for half an hour: what grows, what leaks, what is lost."""
