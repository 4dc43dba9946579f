"""What is loaded and how it was read."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from project.common.rendering import to_json
from variants.reference_sequence import ReferenceSequence


@dataclass(frozen=True)
class LoadSpec:
    """`options` decide, with checksum and assembly, whether it is the same load."""

    label: str
    checksum: str
    source: str = ""
    assembly: str = ""
    options: dict = field(default_factory=dict)
    file_id: int | None = None
    reading: int = 0  # which reading of the file
    rejected_by_reader: int = 0
    base: int | None = None  # what positions count from, where somebody chose it
    not_rcrs: tuple[str, ...] = ()  # see `Rules`
    notes: tuple[str, ...] = ()  # what was decided before, and what there is to say of the cells
    supersedes: tuple[int, ...] = ()  # earlier releases whose claims this load's take the place of

    @property
    def fingerprint(self) -> str:
        identity = {name: asdict(self)[name] for name in ("checksum", "assembly", "options", "source")}
        identity |= {} if self.base is None else {"base": self.base}
        return hashlib.sha256(to_json(dict(sorted(identity.items())))).hexdigest()

    def read_with(self, opened: Mapping[str, ReferenceSequence]) -> "LoadSpec":
        """The same with the reference sequences that it is normalised with: with another one it is another load."""
        used = {assembly: reference.identity() for assembly, reference in opened.items()}
        return replace(self, options=self.options | {"reference": used}) if used else self
