"""Beam job: the steps on whatever engine Apache Beam runs on: history in batch, evaluation of any size."""
