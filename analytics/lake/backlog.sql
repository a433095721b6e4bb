-- Issues by the month in which they were created (UTC), and how many of them are still open.
SELECT
    created_year,
    created_month,
    count(*) AS issues,
    sum(is_open) AS open_issues
FROM (
    SELECT
        year(created_at) AS created_year,
        month(created_at) AS created_month,
        CASE WHEN state <> 'closed' THEN 1 ELSE 0 END AS is_open
    FROM issues
) AS dated
GROUP BY created_year, created_month
ORDER BY created_year, created_month
