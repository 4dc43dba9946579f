class NotATable(Exception):
    """The file cannot be read as a table; str() says why and what to do, fit for the user."""
