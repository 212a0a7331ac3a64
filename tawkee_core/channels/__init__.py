"""The connected places people write from: set up, connected, watched, removed."""
