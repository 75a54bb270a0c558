"""The page and the HTTP API over a deployment on Kafka: a client of its topics and its workers."""
