"""Where next tracks come from: one file per source, and the blend."""

from candidates.blend import COVISITS, FOLLOWERS, FRESH, OWN_FOLLOWERS, POPULAR, REPEATS, REQUESTED, blend

SOURCES = {
    "own_followers": OWN_FOLLOWERS,
    "covisits": COVISITS,
    "followers": FOLLOWERS,
    "repeats": REPEATS,
    "fresh": FRESH,
    "popular": POPULAR,
    "requested": REQUESTED,
}
SOURCE_NAMES = tuple(SOURCES)

__all__ = ["SOURCES", "SOURCE_NAMES", "blend"]
