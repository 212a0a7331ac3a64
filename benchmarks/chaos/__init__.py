"""Tawkee under fire: real processes, killed, frozen and cut off, and a checker that reads what providers got."""
