"""The cells by which a file's columns are judged: those of its first rows."""

from collections.abc import Iterable
from functools import cached_property

from files.mapping_contents import Fit, gene_names, given_cells, judged
from files.models import AnyReading
from files.store import Table
from variants.models import GeneName

ROWS = 1_000  # of each column that its name proposes
COLUMNS_ALONE = 200  # columns that are looked at without a telling name, the first text columns of the table
LONGEST_CELL = 500  # characters of a cell that are looked at
EXAMPLES, LONGEST_EXAMPLE = 3, 60


class Sample:
    """The first ROWS rows of a table; a column's cells are read once, those of several columns together."""

    def __init__(self, file: AnyReading):
        self._columns = file.columns
        self._table = Table(file.table_path, file.columns)
        self._cells: dict[str, list[str | None]] = {}
        self._fits: dict[tuple[str, str], Fit] = {}

    @cached_property
    def names(self) -> list[str]:
        return [column["name"] for column in self._columns]

    @property
    def rows(self) -> int:
        return max((len(cells) for cells in self._cells.values()), default=0)

    def read(self, columns: Iterable[str]) -> None:
        """Have the cells of these columns at hand."""
        wanted = [column for column in dict.fromkeys(columns) if column not in self._cells]
        if wanted:
            rows = self._table.slice(limit=ROWS, only=wanted, longest=LONGEST_CELL).rows
            for n, column in enumerate(wanted):
                self._cells[column] = [cells[n] for _, cells in rows]

    def cells(self, column: str) -> list[str | None]:
        self.read([column])
        return self._cells[column]

    def judge(self, field: str, column: str) -> Fit:
        """How the cells of a column fit a field."""
        if (field, column) not in self._fits:
            cells = self.cells(column)
            self._fits[field, column] = judged(field, cells, _known_genes(cells) if field == "gene" else ())
        return self._fits[field, column]

    def examples(self, field: str, column: str) -> list[str]:
        """A few different values, the first ones; long ones cut."""
        found = dict.fromkeys(given_cells(field, self.cells(column)))
        return [
            text if len(text) <= LONGEST_EXAMPLE else text[:LONGEST_EXAMPLE] + "…" for text in list(found)[:EXAMPLES]
        ]

    def text_columns(self) -> list[str]:
        """The first COLUMNS_ALONE columns that hold something else than numbers and dates."""
        texts = [column["name"] for column in self._columns if column.get("type", "text") == "text"]
        return texts[:COLUMNS_ALONE]


def _known_genes(cells: list[str | None]) -> set[str]:
    """Of the names in these cells those that a gene bears, upper case."""
    names = {name.upper() for text in given_cells("gene", cells) for name in gene_names(text)}
    names = {name for name in names if len(name) <= 40 and "\0" not in name}
    return set(GeneName.objects.filter(name__in=names).values_list("name", flat=True)) if names else set()
