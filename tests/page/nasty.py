"""The command line over a world whose titles and artists are markup: ``python -m tests.page.nasty demo``."""

import pipelines.demo.world
from pipelines.cli import main

NASTY = '"><img src=x onerror="window.hurt=1"><script>window.hurt=1</script>'


def nasty(number: int) -> str:
    """Return markup that would leave a trace if it ran."""
    return f"{NASTY} {number}"


if __name__ == "__main__":
    for name in ("title_of", "artist_of"):
        setattr(pipelines.demo.world, name, nasty)
    main()
