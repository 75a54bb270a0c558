"""A small seeded world of listeners and tracks, in which what is played changes what is answered."""
