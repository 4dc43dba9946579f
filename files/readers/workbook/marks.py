"""What calamine does not tell of a sheet: cells with an error, formulas never computed, what is hidden."""

from dataclasses import dataclass, field

# MS-XLS 2.5.10, MS-XLSB 2.5.97.2
ERRORS = {
    0: "#NULL!",
    7: "#DIV/0!",
    15: "#VALUE!",
    23: "#REF!",
    29: "#NAME?",
    36: "#NUM!",
    42: "#N/A",
    43: "#GETTING_DATA",
}
WIDEST = 16_384  # columns that a sheet can have


@dataclass
class Marks:
    """Rows from 1, columns from 0."""

    errors: dict[int, str] = field(default_factory=dict)  # row * WIDEST + column -> `#N/A`
    uncomputed: int = 0  # formulas without a value
    first_uncomputed: int | None = None
    hidden_rows: int = 0
    hidden_columns: int = 0
    is_whole: bool = True  # False: they could not be looked for to the end

    def error(self, row: int, column: int, text: str) -> None:
        self.errors[row * WIDEST + column] = text

    def formula_without_value(self, row: int) -> None:
        self.uncomputed += 1
        self.first_uncomputed = self.first_uncomputed or row
