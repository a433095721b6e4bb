{# HTML as plain text: blocks end lines, tags go, the usual entities become characters, ends are trimmed. #}
{% macro plain_text(html) -%}
  {%- set text = pylon.replace_all(html, '<(style|script)[^>]*>[^<]*</(style|script)>', "''") -%}
  {%- set text = pylon.replace_all(text, '<br[ ]*/?>|</(p|div|li|tr|h[1-6]|blockquote|pre)>', 'chr(10)') -%}
  {%- set text = namespace(sql=pylon.replace_all(text, '<[^>]*>', "''")) -%}
  {#- The ampersand comes last: &amp;lt; is the text &lt; -#}
  {%- for entity, character in [
      ('&nbsp;', ' '), ('&lt;', '<'), ('&gt;', '>'), ('&quot;', '"'), ('&#34;', '"'), ('&amp;', '&')
  ] -%}
    {%- set text.sql = 'replace(' ~ text.sql ~ ", '" ~ entity ~ "', '" ~ character ~ "')" -%}
    {%- if loop.revindex == 2 -%}
      {%- set text.sql = "replace(replace(" ~ text.sql ~ ", '&#39;', chr(39)), '&apos;', chr(39))" -%}
    {%- endif -%}
  {%- endfor -%}
  {%- set space = pylon.any_space() -%}
  {{- pylon.replace_all(text.sql, '^' ~ space ~ '+|' ~ space ~ '+$', "''") -}}
{%- endmacro %}

{# A text with every match of a pattern, upper or lower case, replaced. #}
{% macro replace_all(text, pattern, replacement) -%}
  {{ return(adapter.dispatch('replace_all', 'pylon')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replace_all(text, pattern, replacement) -%}
  regexp_replace({{ text }}, '{{ pattern }}', {{ replacement }}, 'gi')
{%- endmacro %}

{% macro snowflake__replace_all(text, pattern, replacement) -%}
  regexp_replace({{ text }}, '{{ pattern }}', {{ replacement }}, 1, 0, 'i')
{%- endmacro %}

{% macro bigquery__replace_all(text, pattern, replacement) -%}
  regexp_replace({{ text }}, '(?i){{ pattern }}', {{ replacement }})
{%- endmacro %}

{% macro databricks__replace_all(text, pattern, replacement) -%}
  regexp_replace({{ text }}, '(?i){{ pattern }}', {{ replacement }})
{%- endmacro %}

{# The class of white space in a pattern. #}
{% macro any_space() -%}
  {{ return(adapter.dispatch('any_space', 'pylon')()) }}
{%- endmacro %}

{% macro default__any_space() -%}
  {{ return('[[:space:]]') }}
{%- endmacro %}

{% macro databricks__any_space() -%}
  {{ return('\\\\s') }}
{%- endmacro %}

{# A text from the settings, as SQL. #}
{% macro text_literal(text) -%}
  '{{ text | string | replace("'", "''") }}'
{%- endmacro %}

{# What identifies a ticket among those of all desks; null without an id. #}
{% macro desk_key(desk, id) -%}
  '{{ desk }}:' || {{ id }}
{%- endmacro %}
