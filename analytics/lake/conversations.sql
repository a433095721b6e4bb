-- How long conversations are: of each account, its issues that have messages, and these messages; the longest first.
SELECT
    account_id,
    count(*) AS issues,
    sum(messages) AS messages,
    sum(notes) AS notes
FROM (
    SELECT
        i.account_id AS account_id,
        i.id AS issue_id,
        count(*) AS messages,
        sum(CASE WHEN m.is_private THEN 1 ELSE 0 END) AS notes
    FROM issues AS i
    INNER JOIN issue_messages AS m ON m.issue_id = i.id
    WHERE i.account_id IS NOT NULL
    GROUP BY i.account_id, i.id
) AS conversations
GROUP BY account_id
ORDER BY messages DESC, account_id
