"""What the worker adds to the steps' own cost, and how soon scores can be read: ``make bench-live``."""
