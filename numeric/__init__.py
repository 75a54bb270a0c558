"""Compiled arithmetic that gives the same bits on every machine. Imports nothing of ours."""
