"""The verbs that read a copy and never write: query, ask, export, report, dashboard."""
