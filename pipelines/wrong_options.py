"""WrongOptions: what was asked for cannot be done so."""


class WrongOptions(ValueError):
    """A command cannot be run as asked; the message lists every problem, with the way out."""
