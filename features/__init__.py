"""What is known: of tracks (facts), listeners (folds of their plays), moments (context) and pairs (columns)."""
