-- Articles that have aged
-- Pylon's published help-centre articles by the time since somebody last changed them.
-- top: 1..1000, 15; how many lines
select
    title,
    knowledge_base_title as knowledge_base,
    collection_title as collection,
    author_name as author,
    days_since_edit,
    is_stale as stale,
    has_unpublished_changes as unpublished_changes
from pylon__kb_articles
where is_published
order by days_since_edit desc, title
limit cast($top as integer)
