"""docker-compose.yml, built and started as it stands: ``make compose-test``."""
