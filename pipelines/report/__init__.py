"""Reports: one self-contained file of HTML about a run; no network, no scripts, readable in print."""
