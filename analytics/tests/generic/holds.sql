{# A condition holds in every row; unknown counts as holding. #}
{% test holds(model, condition) %}
select * from {{ model }} where not ({{ condition }})
{% endtest %}
