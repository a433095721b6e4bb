{# Written by `python -m pipelines.reference`: each raw table, and the column that dates its rows. #}
{% macro raw_tables() -%}
  {{ return({
    'issues': '_synced_at',
    'issue_messages': '_synced_at',
    'issue_threads': '_synced_at',
    'issue_followers': '_synced_at',
    'issue_sync': 'synced_at',
    'accounts': '_synced_at',
    'contacts': '_synced_at',
    'users': '_synced_at',
    'teams': '_synced_at',
    'tags': '_synced_at',
    'custom_fields': '_synced_at',
    'ticket_forms': '_synced_at',
    'user_roles': '_synced_at',
    'issue_statuses': '_synced_at',
    'knowledge_bases': '_synced_at',
    'kb_collections': '_synced_at',
    'kb_articles': '_synced_at',
    'deletions': 'detected_at',
  }) }}
{%- endmacro %}
