"""How bytes survive: the store protocol, memory, rocks, and the version in front of stored values."""
