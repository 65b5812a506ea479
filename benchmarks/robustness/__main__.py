"""Compare: `python -m benchmarks.robustness` prints the table of docs/robustness.md.

Needs the models in the store (`python -m train --missing`); takes three minutes or so, and starts
servers on 127.0.0.1 only.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from benchmarks.robustness import faults, input  # noqa: A004 - bad input is what it is about
from benchmarks.robustness.side import ROOT, Side, served

STOCK_MODULE = "benchmarks.robustness.stock"


def sides(folder: Path) -> tuple[Side, Side]:
    """Describe both, the stock one with a model that is fitted now."""
    stock = folder / "stock"
    environment = os.environ | {"BENTOML_HOME": str(stock), "BENTOML_DO_NOT_TRACK": "True"}
    command = [sys.executable, "-m", STOCK_MODULE]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return (
        Side(
            "Tabento",
            "service:SERVICE",
            "/breast_cancer/predict",
            "breast_cancer/*/model.skops",
            _latest(_home(), folder),
            {"TABENTO_MAX_IN_FLIGHT": "4"},
        ),
        Side(
            f"stock BentoML {version('bentoml')}",
            f"{STOCK_MODULE}:Stock",
            "/predict",
            "breast_cancer_stock/*/saved_model.pkl",
            stock,
            {"STOCK_MAX_CONCURRENCY": "4"},
        ),
    )


def _home() -> Path:
    return Path(os.environ.get("BENTOML_HOME", "~/bentoml")).expanduser()


def _latest(home: Path, folder: Path) -> Path:
    """Copy the newest version of each model: one file to find, and less to copy at each start."""
    for model in (home / "models").iterdir():
        newest = (model / "latest").read_text().strip()
        target = folder / "ours" / "models" / model.name
        target.mkdir(parents=True)
        (target / "latest").write_text(newest)
        command = ["cp", "-r", str(model / newest), str(target)]
        subprocess.run(command, check=True)
    return folder / "ours"


def rows(pair: Iterable[Side]) -> dict[str, list[str]]:
    """Run every probe against each side; a cell says what happened."""
    table: dict[str, list[str]] = {name: [] for name in (*input.PROBES, *faults.PROBES)}
    for side in pair:
        with served(side) as running:
            for name, ask in input.PROBES.items():
                table[name].append(ask(running))
        for name, harm in faults.PROBES.items():
            table[name].append(harm(side))
            sys.stderr.write(f"{side.name}: {name}: {table[name][-1]}\n")
    return table


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(
        prog="python -m benchmarks.robustness", description=__doc__
    ).parse_args()
    home = _home()
    if not (home / "models").is_dir():
        sys.exit(f"no models in {home}: name the store that `make train` wrote with BENTOML_HOME")
    with tempfile.TemporaryDirectory(prefix="robust", dir="/tmp") as folder:
        pair = sides(Path(folder))
        table = rows(pair)
    sys.stdout.write(
        f"| what happens | {' | '.join(side.name for side in pair)} |\n|---|---|---|\n"
    )
    for name, cells in table.items():
        sys.stdout.write(f"| {name} | {' | '.join(cells)} |\n")


if __name__ == "__main__":
    main()
