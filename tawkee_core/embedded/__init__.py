"""Servers for machines that have none: PostgreSQL, Redis, a vector service; and the launcher that starts everything."""
