"""Spans of time in words."""


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    return _whole(round(seconds))


def rough_duration(seconds: float) -> str:
    """For guesses and for what changes while one looks: `12 s`, `1 min 20 s`, `4 min`, `2 h 5 min`."""
    step = 1 if seconds < 60 else 10 if seconds < 120 else 60
    return _whole(round(max(seconds, 0.0) / step) * step)


def _whole(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((at for at, (count, _) in enumerate(units) if count), len(units) - 1)
    return " ".join(f"{count} {unit}" for count, unit in units[first : first + 2] if count) or "0 s"
