"""One target: python -m tools.fuzz.one TARGET [options of libFuzzer] FOLDER, or FILE to try a single input again.

Options of libFuzzer: https://llvm.org/docs/LibFuzzer.html
"""

import sys

import atheris

with atheris.instrument_imports(include=["files.readers", "csv", "zipfile"]):
    from tools.fuzz.targets import LONGEST, TARGETS


def main() -> None:
    name, *arguments = sys.argv[1:]
    atheris.Setup([f"{sys.argv[0]} {name}", f"-max_len={LONGEST}", "-timeout=20", *arguments], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
