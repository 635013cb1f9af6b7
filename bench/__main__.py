"""Measure the engine, the tuner and the built pages against their peers: ``make bench``.

Each benchmark times both sides by turns in one run. The table is printed, and written to
``bench/results.json``; run one alone by its name, and the others keep the results that they had.
"""

import argparse
import json
import platform
from pathlib import Path

import joblib
from tqdm import tqdm

from bench.benchmarks import BENCHMARKS
from bench.pages import LeftOut
from recorder.files import provenance

RESULTS = Path(__file__).parent / "results.json"
PACKAGES = ("numpy", "scipy", "keras", "tensorflow", "d2l", "optuna", "sklearn")


def machine() -> str:
    """Say what the numbers were measured on."""
    model, cpuinfo = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), model)
    return f"{model}, {joblib.cpu_count()} cores, {platform.system()}"


def main() -> None:
    """Run what the command line names, or everything."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"unknown benchmark {sorted(unknown)}; expected some of {list(BENCHMARKS)}")
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    results = {result["name"]: result for result in found if result["name"] in BENCHMARKS}
    print(f"{'':24}{'ratio':>7}{'ours':>10}{'peer':>10}  unit")
    for name in tqdm(names, unit="benchmark", leave=False):
        try:
            measured = BENCHMARKS[name]()
        except LeftOut as reason:
            tqdm.write(f"{name:24}left out: {reason}")
            continue
        row = {"name": name, **measured.row(), "machine": machine(), **provenance(*PACKAGES)}
        results[name] = row
        tqdm.write(
            f"{name:24}{row['ratio']:>7.2f}{row['value_subject']:>10.4g}"
            f"{row['value_peer']:>10.4g}  {row['unit']}\n    {row['subject']} against "
            f"{row['peer']}. {row['note']}"
        )
        ordered = [results[name] for name in BENCHMARKS if name in results]
        RESULTS.write_text(json.dumps(ordered, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
