"""Bytes of a line to text. VCF is UTF-8; older tools wrote what their machine spoke."""

import codecs

from files.readers.errors import NotATable
from files.readers.findings import Findings

LAST = "latin-1"  # in which every byte means something


class Decoder:
    """UTF-8 line by line; a line that is not is read by the user's choice, or as Latin-1, and that is said."""

    def __init__(self, findings: Findings, chosen: str | None = None):
        try:
            self._fallback = codecs.lookup(chosen).name if chosen else LAST
            b"x".decode(self._fallback)  # `rot13` is a codec, and none of text
        except (LookupError, UnicodeError) as error:
            raise NotATable(f"There is no encoding called {chosen!r}.") from error
        self._findings = findings
        self.used = "utf-8"

    def decode(self, line: int, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.used = f"utf-8, {self._fallback}"
            self._findings.warn("encoding", f"Lines that are not UTF-8 were read as {self._fallback}.", line)
        try:
            return raw.decode(self._fallback)
        except UnicodeDecodeError:
            return raw.decode(LAST)
