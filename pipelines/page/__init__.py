"""The page and the HTTP API: what people and programs see of a running engine, and how they talk to it."""
