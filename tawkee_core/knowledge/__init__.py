"""What agents know: trainings, cut into passages, embedded, found again."""
