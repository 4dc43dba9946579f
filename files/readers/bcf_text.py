"""The VCF text of a BCF: `python -m files.readers.bcf_text PARENT MEMORY < file.bcf`, text on standard output.

htslib is C and may abort over a hostile file, so it has this process of its own. It ends with its parent (whose process
id is the first argument), may hold `MEMORY` bytes, and gets the file as its standard input: no name of a file, which
htslib could take for an address, reaches it. Exit status 0: all records were written.
"""

import os
import resource
import sys
import threading
import time

POLL_SECONDS = 0.5  # how long it may outlive its parent


def main() -> None:
    parent, memory = int(sys.argv[1]), int(sys.argv[2])
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    _write_text()
    sys.stdout.buffer.flush()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os._exit(1)


def _write_text() -> None:
    """Each record by str(): VariantFile.write adds an INFO/END to some, and `bcftools view` drops the last good record
    before a damaged one. Raises what pysam raises for a damaged file; what came before is written then."""
    import pysam

    pysam.set_verbosity(0)
    pysam.set_encoding_error_handler("surrogateescape")  # bytes that are no UTF-8 stay as they are
    write = sys.stdout.buffer.write
    try:
        # The end of a bgzip file is looked at by who reads this text: htslib knows none of an uncompressed BCF.
        with pysam.VariantFile("-", ignore_truncation=True) as records:
            write(_bytes(str(records.header)))
            for record in records:
                text = str(record)
                if text.count("\n") != 1:  # a line end within a value must not become a line; as \r it is a reject
                    text = text[:-1].replace("\n", "\r") + "\n"
                write(_bytes(text))
    finally:
        sys.stdout.buffer.flush()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


if __name__ == "__main__":
    main()
