class NotATable(Exception):
    """The file cannot be read as a table; str() says why and what to do, fit for the user."""


class Damaged(NotATable):
    """The file ends or breaks before its end; what came before was handed over and may be kept."""
