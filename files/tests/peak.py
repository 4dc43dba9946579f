"""python -m files.tests.peak FILE FOLDER: reads the file as an upload is read; prints rows, rejects and peak memory."""

import json
import sys
from pathlib import Path

from files.readers.reading import Choices, Limits, read_any
from files.readers.types import infer_types


def peak_mb() -> int:
    """Of this process. Not ru_maxrss: that begins at what the parent had."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) >> 10


if __name__ == "__main__":
    path, folder = Path(sys.argv[1]), Path(sys.argv[2])
    outcome = read_any(path, folder, Choices(), Limits(), lambda *said: None)
    infer_types(folder / "table", len(outcome.columns))
    print(json.dumps({"rows": outcome.rows, "rejected": outcome.rejected, "peak_mb": peak_mb()}))
