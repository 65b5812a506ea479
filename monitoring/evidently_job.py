"""Runs in Evidently's own environment, and there only: two CSV files in, its report out."""

import os
import sys

os.environ["DO_NOT_TRACK"] = "1"


def main(baseline: str, current: str, stem: str) -> None:
    """Write `stem`.html and `stem`.json."""
    import pandas as pd  # noqa: PLC0415 - in that environment
    from evidently import Report  # noqa: PLC0415 - in that environment
    from evidently.presets import DataDriftPreset, DataSummaryPreset  # noqa: PLC0415 - the same

    found = Report([DataDriftPreset(), DataSummaryPreset()]).run(
        pd.read_csv(current), pd.read_csv(baseline)
    )
    found.save_html(f"{stem}.html")
    found.save_json(f"{stem}.json")


if __name__ == "__main__":
    main(*sys.argv[1:])
