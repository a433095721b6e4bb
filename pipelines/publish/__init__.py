"""``publish``: the tables of a copy as Iceberg tables that many readers share."""
