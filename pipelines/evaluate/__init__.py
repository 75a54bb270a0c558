"""Evaluate: what policies that never ran would have earned, from a log of decisions and their rewards."""
