"""WorldSettings: how large the demo's world is, how long it runs, and how much of it changes meanwhile."""

from msgspec import Struct

DAY_MS = 86_400_000


class WorldSettings(Struct, frozen=True):
    """How large the world is, how long it runs, and how much of it changes meanwhile."""

    seed: int = 7
    listeners: int = 300
    tracks: int = 3000
    artists: int = 400
    days: int = 28
    start_ms: int = 1_735_689_600_000  # 2025-01-01, a Wednesday
    new_artist_share: float = 0.1  # of all artists: first heard of during the run
    new_track_share: float = 0.1  # of the others' tracks: released during the run
    join_share: float = 0.2  # of all listeners: first seen during the run
    switch_share: float = 0.3  # of all listeners: change their genres at `World.switch_ms`

    def __post_init__(self) -> None:
        problems = [
            f"{name} is {value}, expected {least} to {most}"
            for name, value, least, most in (
                ("listeners", self.listeners, 1, 10_000_000),
                ("tracks", self.tracks, 200, 1_000_000),
                ("artists", self.artists, 20, self.tracks),
                ("days", self.days, 1, 3650),
                ("new_artist_share", self.new_artist_share, 0, 0.5),
                ("new_track_share", self.new_track_share, 0, 0.5),
                ("join_share", self.join_share, 0, 1),
                ("switch_share", self.switch_share, 0, 1),
            )
            if not least <= value <= most
        ]
        if problems:
            raise ValueError(f"the world cannot be built: {'; '.join(problems)}")
