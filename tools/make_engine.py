"""Compile the engine with which the page trains: C to WebAssembly, by the ziglang wheel.

Run as ``python -m tools.make_engine``. The compiled files are committed beside their source; the
tests compile it again and compare.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from hpo_helpers.explorers.engine import ENGINES, FOLDER

SOURCE = FOLDER / "networks.c"
# By the compiled file: the instructions that the compiler may use.
INSTRUCTIONS = dict(zip(ENGINES, (["-msimd128"], ["-msimd128", "-mrelaxed-simd"]), strict=True))
FLAGS = [
    "--target=wasm32-freestanding",
    # Small, for it is part of the page; what has to be fast says so by itself.
    "-Os",
    "-nostdlib",
    "-fno-sanitize=undefined",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wl,--no-entry",
    "-Wl,--strip-all",
    # A page that asked for more would be ended by many a phone, without a word.
    f"-Wl,--max-memory={2**30}",
]


def compiled(name: str) -> bytes:
    """Return the engine, compiled as the file of this name."""
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / name
        command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, *INSTRUCTIONS[name]]
        subprocess.run([*command, "-o", str(to), str(SOURCE)], check=True)
        return to.read_bytes()


def main() -> None:
    for name in ENGINES:
        content = compiled(name)
        (FOLDER / name).write_bytes(content)
        print(f"{name}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
