"""Counts: Beam's metrics, named as those of the live worker (`pipelines.metrics`), labels behind a dot."""

import time

from apache_beam.metrics import Metrics

from pipelines.serve import Transition

NAMESPACE = "segue"
PER_MILLE = 1_000


class Counts:
    """What serve's records came to; Beam adds up counters, and minima, maxima and means of distributions."""

    def took(self, kind: str, done: Transition, received_ms: int | None) -> None:
        """Count one record's transition, and how long ago the log received what is scored now."""
        outcome = "applied"
        if done.decided is not None:
            outcome = "scored"
            _count(f"segue_decisions.{done.decided.scores.policy}")
            if received_ms is not None:
                waited_ms = max(int(time.time() * 1_000) - received_ms, 0)
                Metrics.distribution(NAMESPACE, "segue_latency_ms").update(waited_ms)
        else:
            outcome = next((name for name in ("duplicate", "late_applied") if name in done.counts), outcome)
        _count(f"segue_records.{kind}.{outcome}")
        self.emitted(done)

    def emitted(self, done: Transition) -> None:
        """Count what a transition emitted; for those of a timer there is nothing more."""
        for decision in done.closed:
            earned = sum(decision.rewards)
            Metrics.distribution(NAMESPACE, "segue_decision_reward_per_mille").update(int(earned * PER_MILLE))

    def buried(self, kind: str, reason: str) -> None:
        """Count one record that became a dead letter."""
        _count(f"segue_records.{kind}.rejected")
        _count(f"segue_dead_letters.{reason}")


def _count(name: str) -> None:
    Metrics.counter(NAMESPACE, name).inc()
