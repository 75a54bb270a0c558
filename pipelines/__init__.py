"""The three steps, and the drivers that run them on an engine."""
