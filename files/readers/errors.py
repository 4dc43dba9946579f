class NotATable(Exception):
    """The file cannot be read as a table; str() says why and what to do, fit for the user."""


class BadQuotes(NotATable):
    """A cell opens a double quote that never closes, or has text behind the closing one."""
