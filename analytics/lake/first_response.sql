-- Of the issues of each month, how many a member of the team has answered in public, and how many of them on the day
-- on which they were created (UTC).
SELECT
    created_year,
    created_month,
    count(*) AS answered_issues,
    sum(is_same_day) AS answered_the_same_day
FROM (
    SELECT
        year(created_at) AS created_year,
        month(created_at) AS created_month,
        CASE WHEN CAST(answered_at AS DATE) = CAST(created_at AS DATE) THEN 1 ELSE 0 END AS is_same_day
    FROM (
        SELECT i.id AS issue_id, i.created_at AS created_at, min(m.timestamp) AS answered_at
        FROM issues AS i
        INNER JOIN issue_messages AS m ON m.issue_id = i.id
        WHERE m.author_user_id IS NOT NULL AND NOT m.is_private
        GROUP BY i.id, i.created_at
    ) AS answered
) AS dated
GROUP BY created_year, created_month
ORDER BY created_year, created_month
