with articles as (
    select
        *,
        coalesce({{ pylon.plain_text('published_html') }}, {{ pylon.plain_text('draft_html') }}) as article_text
    from {{ ref('stg_pylon__kb_articles') }}
)

select
    articles.article_id,
    articles.title,
    articles.url,
    articles.knowledge_base_id,
    bases.knowledge_base_title,
    articles.collection_id,
    collections.collection_title,
    parents.collection_title as parent_collection_title,
    articles.is_published,
    articles.is_unlisted,
    articles.visibility,
    articles.review_status,
    articles.author_user_id,
    authors.user_name as author_name,
    articles.reviewed_by_user_id,
    articles.created_at,
    articles.last_edited_at,
    articles.last_published_at,
    articles.article_text,
    length(articles.article_text) as characters,
    articles.tags,
    coalesce(articles.draft_html, '') <> coalesce(articles.published_html, '') and articles.is_published as has_unpublished_changes,
    {{ pylon.days_between(pylon.local_day('coalesce(articles.last_edited_at, articles.created_at)'), 'as_of.as_of_day') }}
        as days_since_edit,
    articles.is_published
        and {{ pylon.days_between(pylon.local_day('coalesce(articles.last_edited_at, articles.created_at)'), 'as_of.as_of_day') }}
        > {{ var('pylon_stale_article_days') }} as is_stale
from articles
cross join {{ ref('int_pylon__as_of') }} as as_of
left join {{ ref('stg_pylon__knowledge_bases') }} as bases on articles.knowledge_base_id = bases.knowledge_base_id
left join {{ ref('stg_pylon__kb_collections') }} as collections on articles.collection_id = collections.collection_id
left join {{ ref('stg_pylon__kb_collections') }} as parents on collections.parent_collection_id = parents.collection_id
left join {{ ref('stg_pylon__users') }} as authors on articles.author_user_id = authors.user_id
