"""How a listener lies in memory: one row a play, one row a track met again, one summary."""

from numeric.jit import layout

PLAY = layout(
    [
        ("started_ms", "i8"),
        ("at_ms", "i8"),  # event time of the newest record of this play
        ("play", "u8"),  # hash of the play's name; 0 once the play can no longer be changed
        ("event", "u8"),  # hash of the newest record's event id
        ("opened", "u8"),  # hash of the record before it, 0 if there was none
        ("track", "i4"),
        ("turn", "i4"),  # orders plays that agree in start and event time: by their newest records
        ("share", "f4"),  # heard share in [0, 1], nan where unknown
        ("skipped", "i1"),  # −1: unknown
        ("liked", "i1"),
        ("ended", "u1"),  # its outcome is known
        ("counted", "u1"),  # its track events have been emitted
    ]
)

OWN = layout(
    [
        ("stamp", "i8"),  # the recall that wrote this row; older rows mean "nothing known"
        ("near", "f4"),  # follows the last track, everyone's share of plays one step on
        ("far", "f4"),  # follows the last tracks within several steps, everyone's
        ("own_near", "f4"),  # the same, own history
        ("own_far", "f4"),
        ("covisit", "f4"),  # played around the last tracks in other sessions, share of such plays
        ("matched", "f4"),  # the same where those sessions had more in common with this one
        ("sequel", "f4"),  # came right after the last two tracks
        ("plays", "f4"),  # own plays kept
        ("skips", "f4"),
        ("liked", "f4"),
        ("ago", "i4"),  # plays since the last one: 0 is the newest
        ("at_ms", "i8"),
        ("session", "u1"),  # times heard in this session, at most 255
        ("chosen", "i8"),  # the recall that made it a candidate
        ("weight", "f8"),  # workspace of the sources
        ("weighed", "i8"),  # the recall that wrote ``weight``
    ]
)

BY_ARTIST = layout([("stamp", "i8"), ("plays", "f4"), ("skips", "f4"), ("session", "f4")])

VOTE = layout(
    [
        ("stamp", "i8"),  # the recall that wrote this row
        ("covisit", "f4"),  # what other sessions' plays say for this track, not yet as shares
        ("matched", "f4"),
        ("sequel", "f4"),
        ("place", "i4"),  # of the track among the newest plays of this session: 1 is the newest, 0 none
    ]
)

PREFIX = 5  # distinct last tracks that followers are looked up for

SUMMARY = layout(
    [
        ("now_ms", "i8"),
        ("opened_ms", "i8"),  # start of the present session; now if none is open
        ("newest_ms", "i8"),  # event time of the newest play, −1: none
        ("plays", "f4"),
        ("judged", "f4"),
        ("skips", "f4"),
        ("repeats", "f4"),  # plays of a track heard before
        ("distinct", "f4"),
        ("session_plays", "f4"),
        ("session_judged", "f4"),
        ("session_skips", "f4"),
        ("session_repeats", "f4"),
        ("hour_plays", "f4"),  # plays at this hour of the day, give or take one
        ("last", "i4"),  # newest track, −1: none
        ("last_artist", "i4"),
        ("last_skipped", "f4"),  # 1, 0, or 0.5 where unknown
        ("last_heard_out", "f4"),  # the same of having heard all of it
        ("skipped_before", "f4"),  # as last_skipped, of the play before
        ("last_liked", "f4"),
        ("most_played", "f8"),  # decayed plays of the most played track, as of the landmark
        ("popularity_scale", "f8"),  # factor from the landmark's weights to now's
        ("covisits", "f8"),  # sums of all votes (`features.listener.covisits`)
        ("matches", "f8"),
        ("sequels", "f8"),
        ("voted", "i4"),  # how many tracks were voted for
        ("prefixes", "i4"),
        ("prefix", "i4", (PREFIX,)),  # newest distinct tracks, newest first
    ]
)
