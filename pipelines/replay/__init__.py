"""Replay: the steps in one process, over a stored log, with no services."""
