"""What is known: of tracks, listeners, moments (context) and pairs (columns)."""
