select rule_id, kind, words
from {{ ref('judgement_rules') }}
order by kind, rule_id
