"""What travels: records, ids, codec, and the registry of topics. Imports nothing of ours."""
