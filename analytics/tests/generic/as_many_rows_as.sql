{# The model has as many rows as a query counts. #}
{% test as_many_rows_as(model, query) %}
select mine.row_count, theirs.row_count as expected
from (select count(*) as row_count from {{ model }}) as mine
cross join (select count(*) as row_count from ({{ query }}) as other) as theirs
where mine.row_count <> theirs.row_count
{% endtest %}
