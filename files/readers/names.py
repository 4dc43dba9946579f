"""Names for every column."""


def column_names(cells: list[str]) -> tuple[list[str], list[int], list[int]]:
    """Names that are all different, whatever their case: empty ones become `column_3`, repeated ones `name_2`.

    Returns them, the places (from 1) that had no name, and those whose name was taken.
    """
    names: list[str] = []
    empty, repeated = [], []
    written = {cell.strip().lower() for cell in cells}
    taken: set[str] = set()
    numbers: dict[str, int] = {}  # the last one given to a name
    for place, cell in enumerate(cells, start=1):
        name = wanted = " ".join(cell.replace("\0", "").split()) or f"column_{place}"
        number = 1
        while name.lower() in taken or number > 1 and name.lower() in written:
            # Not from 2 each time: a table may have one name over all of its columns.
            number = numbers[wanted.lower()] = max(number, numbers.get(wanted.lower(), 1)) + 1
            name = f"{wanted}_{number}"
        if not cell.strip():
            empty.append(place)
        elif number > 1:
            repeated.append(place)
        taken.add(name.lower())
        names.append(name)
    return names, empty, repeated
