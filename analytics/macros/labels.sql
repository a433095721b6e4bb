{#
  What is shown of a row's name: where several have it, whatever their case, the detail behind it tells them apart, or the id where
  that does not; where there is no name, it is the id. Names are compared within the value of a column, if one is given.
#}
{% macro label(name, id, detail=none, within=none) -%}
{%- set rows = 'count(*) over (partition by ' ~ (within ~ ', ' if within else '') ~ 'lower(' ~ name ~ ')' -%}
case
        when {{ name }} is null then {{ id }}
        when {{ rows }}) = 1 then {{ name }}
        {%- if detail %}
        when {{ detail }} is not null and {{ rows }}, lower({{ detail }})) = 1 then {{ name }} || ' (' || {{ detail }} || ')'
        {%- endif %}
        else {{ name }} || ' (' || {{ id }} || ')'
    end
{%- endmacro %}
