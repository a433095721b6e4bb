"""Load a Pylon workspace into DuckDB. Run it again at any time: it reads what has changed since."""

import dlt
from pylon import pylon_source


def load_support() -> None:
    """Bring the copy up to date, and say what was loaded."""
    pipeline = dlt.pipeline(pipeline_name="pylon_support", destination="duckdb", dataset_name="pylon")
    print(pipeline.run(pylon_source()))  # noqa: T201


if __name__ == "__main__":
    load_support()
