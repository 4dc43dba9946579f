"""People: how they log in, what they may be given, their tokens and sessions. Imports core and common only."""
