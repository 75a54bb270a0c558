"""How facts lie in memory: one row a track, one row of followers a track, one row an event."""

from numeric.jit import layout

FOLLOWERS_KEPT = 48  # followers a track keeps: 48 × 16 bytes when stored, within 1 KiB

TRACK = layout(
    [
        ("key", "u8"),  # topics.ids.key_of(track_id): breaks ties, the same in every process
        ("plays", "f8"),  # decayed counts, as of the table's popularity landmark
        ("skips", "f8"),
        ("judged", "f8"),  # plays of which it is known whether they were skipped
        ("exposures", "f8"),
        ("residual", "f8"),  # sum of reward − linear mean over exposures
        ("follow_near", "f8"),  # weight of followers, as of the follower landmark, evicted ones included
        ("follow_far", "f8"),
        ("first_heard_ms", "i8"),  # −1: never
        ("released_ms", "i8"),  # −1: unknown
        ("at_ms", "i8"),  # newest event counted, −1: none
        ("newest_place", "i8"),  # of its newest play in `features.track.recent`, 0: none
        ("length_ms", "i4"),  # 0: unknown
        ("artist", "i4"),  # handle of the artist, −1: unknown
        ("popular_place", "i4"),  # place in the table's popular list, −1: not in it
        ("fresh_place", "i4"),
        ("id_bytes", "u1"),  # length of the id in UTF-8
        ("known", "u1"),  # has a catalogue entry or facts: may be proposed to anybody
        ("playable", "u1"),
    ]
)

FOLLOWER = layout([("track", "i4"), ("near", "f4"), ("far", "f4")])  # track −1: free

EVENT = layout(
    [
        ("at_ms", "i8"),
        ("track", "i4"),
        ("by", "i4"),  # followed: the track that came; preceded: the one that had come before
        ("residual", "f4"),
        ("share", "f4"),  # heard: nan where unknown
        ("kind", "u1"),
        ("steps", "u1"),
        ("skipped", "i1"),  # −1: unknown
    ]
)
HEARD, FOLLOWED, SHOWN, PRECEDED = 0, 1, 2, 3

BACKWARD = 0.75  # what a track that came before weighs beside one that came after

CLOCK = layout(
    [
        ("popularity_half_life_ms", "i8"),
        ("follower_half_life_ms", "i8"),
        ("popularity_landmark", "i8"),  # in half-lives since 1970; −1: nothing counted yet
        ("follower_landmark", "i8"),
        ("popular", "i8"),  # length of the popular list
        ("fresh", "i8"),
    ]
)
