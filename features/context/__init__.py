"""The context vector: what is known at the moment of a decision, one file per entry."""

from types import ModuleType

from features.context import (
    bias,
    experience,
    heard_out,
    last_skipped,
    session_length,
    session_repeats,
    session_skip_rate,
    silence,
    skipped_before,
    usual_hour,
    usual_repeats,
    usual_skip_rate,
)
from numeric.arrays import Records
from numeric.jit import kernel

CONTEXT: dict[str, ModuleType] = {
    "bias": bias,
    "session_length": session_length,
    "session_skip_rate": session_skip_rate,
    "usual_skip_rate": usual_skip_rate,
    "session_repeats": session_repeats,
    "usual_repeats": usual_repeats,
    "silence": silence,
    "last_skipped": last_skipped,
    "usual_hour": usual_hour,
    "experience": experience,
    "heard_out": heard_out,
    "skipped_before": skipped_before,
}


@kernel
def fill_context(context: Records, summary: Records) -> None:
    """Write the context vector, float32, in the order of `CONTEXT`."""
    now = summary[0]
    context[0] = bias.value(now)
    context[1] = session_length.value(now)
    context[2] = session_skip_rate.value(now)
    context[3] = usual_skip_rate.value(now)
    context[4] = session_repeats.value(now)
    context[5] = usual_repeats.value(now)
    context[6] = silence.value(now)
    context[7] = last_skipped.value(now)
    context[8] = usual_hour.value(now)
    context[9] = experience.value(now)
    context[10] = heard_out.value(now)
    context[11] = skipped_before.value(now)
