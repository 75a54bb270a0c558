"""Erase: what serve answers a listener who asks to be forgotten."""

from pipelines.credit import mark_of
from pipelines.listener import Listener
from pipelines.serve import Transition, fire_timers
from pipelines.settings import Settings
from pipelines.views import LAYOUT, Views
from topics.erasure import Erasure
from topics.feedback import Feedback
from topics.ids import name_of


def erase(
    before: Listener | None,
    erasure: Erasure,
    views: Views,
    settings: Settings,
    received_ms: int | None = None,
) -> Transition:
    """Fire what was due, forget the listener, and tell learn whose rows to take away (kind ``erased``).

    Of somebody not known here nothing is left to take away: a state outlives the feedback it gave rise to.
    """
    if before is None:
        return Transition(None)
    done = fire_timers(before, erasure.listener_id, erasure.at_ms, views, settings, received_ms)
    done.state = None
    done.counts["erased"] = 1
    done.feedback.append(
        Feedback(
            decision_id=name_of("erasure", erasure.listener_id, erasure.at_ms, before.newest_ms),
            listener_mark=mark_of(erasure.listener_id, settings),
            at_ms=erasure.at_ms,
            kind="erased",
            attribution="none",
            policy=views.policy_name,
            policy_version=views.version.name,
            layout=LAYOUT,
            context=b"",
            slots=(),
            final=True,
        )
    )
    return done
