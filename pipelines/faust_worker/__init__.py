"""Faust worker: the steps live on Kafka, each effect once; a Faust app supervises, aiokafka moves bytes."""
