"""Fuzzing of the readers: `make fuzz`, or `python -m tools.fuzz` with requirements-fuzz.txt installed."""
