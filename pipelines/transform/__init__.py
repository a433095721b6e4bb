"""pylon transform: tables for analysis, built by the dbt package in analytics/."""
