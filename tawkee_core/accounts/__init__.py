"""People, how they sign in, and the workspaces they share."""
