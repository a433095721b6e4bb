"""Load a Zaia workspace into DuckDB. Run it again at any time: it reads what has changed since."""

import dlt
from zaia import zaia_source


def load_inbox() -> None:
    """Bring the copy up to date, and say what was loaded."""
    pipeline = dlt.pipeline(pipeline_name="zaia_inbox", destination="duckdb", dataset_name="zaia")
    print(pipeline.run(zaia_source()))  # noqa: T201


if __name__ == "__main__":
    load_inbox()
