"""Names for the demo's world: a title and an artist for every number, so that a screen reads well."""

GENRES = (
    "ambient", "chamber", "dub", "folk", "funk", "house", "indie", "jazz", "metal", "rap", "soul", "techno",
)  # fmt: skip
_FIRST = (
    "Amber", "Borrowed", "Broken", "Copper", "Distant", "Electric", "Empty", "Falling", "Glass", "Golden",
    "Hollow", "Idle", "Last", "Little", "Lunar", "Midnight", "Northern", "Paper", "Quiet", "Restless",
    "Salt", "Second", "Silver", "Slow", "Southern", "Summer", "Tender", "Velvet", "Wandering", "Winter",
)  # fmt: skip
_TITLES = (
    "Avenue", "Balcony", "Bridges", "Carousel", "City", "Daylight", "Dreams", "Echo", "Ferry", "Garden",
    "Harbour", "Hearts", "Horizon", "Hours", "Islands", "Letters", "Lights", "Machine", "Mirrors", "Motion",
    "Ocean", "Parade", "Rain", "Return", "River", "Rooms", "Satellite", "Season", "Signal", "Stairs",
    "Static", "Stations", "Thunder", "Tides", "Trains", "Water", "Weather",
)  # fmt: skip
_BANDS = (
    "Astronauts", "Bears", "Brothers", "Cartographers", "Choir", "Clockmakers", "Dancers", "Foxes",
    "Gardeners", "Ghosts", "Kings", "Lanterns", "Lions", "Llamas", "Magpies", "Pilots", "Quartet",
    "Rivals", "Sailors", "Saints", "Sisters", "Sparrows", "Strangers",
)  # fmt: skip


def title_of(number: int) -> str:
    """Return the title of the number-th track; 1,110 of them, then they get a part number.

    >>> title_of(0), title_of(31), title_of(1110)
    ('Amber Avenue', 'Borrowed Thunder', 'Amber Avenue, Pt. 2')
    """
    part, place = divmod(number, len(_FIRST) * len(_TITLES))
    first, last = place % len(_FIRST), (place // len(_FIRST) + place) % len(_TITLES)
    return f"{_FIRST[first]} {_TITLES[last]}" + (f", Pt. {part + 1}" if part else "")


def artist_of(number: int) -> str:
    """Return the name of the number-th artist; 690 of them, then they get a number.

    >>> artist_of(0), artist_of(690)
    ('The Amber Astronauts', 'The Amber Astronauts 2')
    """
    again, place = divmod(number, len(_FIRST) * len(_BANDS))
    first, last = place % len(_FIRST), (place // len(_FIRST) + place) % len(_BANDS)
    return f"The {_FIRST[first]} {_BANDS[last]}" + (f" {again + 1}" if again else "")
