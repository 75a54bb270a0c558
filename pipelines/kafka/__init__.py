"""Kafka: how every client connects, the topics of a deployment, and the tools around a log on Kafka."""
