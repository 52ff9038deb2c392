"""Rules on a tidy file beside the release before it: options, statuses, revised cells."""

from typing import TYPE_CHECKING

from dagster_project.sources.catalogue import RawTable, Tidy
from expectations.rules import number, rule
from expectations.tidy_files import earlier_release
from expectations.tidy_sql import AREA_COLUMNS, examples

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


def revision_rules(table: RawTable, tidy: Tidy) -> "list[Expectation]":
    """Return the rules on options that came or went, statuses that went back and cells that changed."""
    raw = f"{table.schema}.{table.name}"
    pair = earlier_release(raw)
    free = [entry.column for entry in tidy.filters if not entry.constant]
    rules = []
    if free:
        said = " union all ".join(
            f"select distinct _file_id, '{column}' || ' ' || trim({column}) as option from {raw}" for column in free
        )
        rules.append(
            rule(
                f"{table.name}_l07_options",
                severity="warning",
                why="the options of its filters are those of the release before",
                advice="Look whether a breakdown was renamed: the series would end and another begin.",
                query=f"""with {pair},
                    said as ({said}),
                    now as (select b._file_id, s.option from before as b join said as s using (_file_id)),
                    earlier as (
                        select b._file_id, s.option from before as b join said as s on s._file_id = b.earlier_id
                    ),
                    compared as (
                        select coalesce(now._file_id, earlier._file_id) as file_id, now.option as now_said,
                            earlier.option as once_said
                        from now full join earlier using (_file_id, option)
                    )
                    select file_id, count(*) as checked,
                        count(*) filter (where now_said is null or once_said is null) as failed,
                        'New: ' || {examples("now_said", "once_said is null")}
                            || '. Gone: ' || {examples("once_said", "now_said is null")} as note
                    from compared group by 1""",
                needs=("landing.source_file",),
            )
        )
    key = [*[c for c in AREA_COLUMNS if c in table.columns and c != "new_la_code"], *free]
    joined = " and ".join(
        [
            "n.time_period = e.time_period",
            "n.geographic_level = e.geographic_level",
            *(f"coalesce(trim(n.{column}), '') = coalesce(trim(e.{column}), '')" for column in key),
        ]
    )
    both = f"""{pair},
        shared as (
            select n._file_id, {{columns}}
            from before as b
            join {raw} as n on n._file_id = b._file_id
            join {raw} as e on e._file_id = b.earlier_id and {joined}
        )"""
    if tidy.status:
        order = "case lower(trim({0})) when 'provisional' then 1 when 'revised' then 2 when 'final' then 3 end"
        now, then = order.replace("{0}", f"n.{tidy.status}"), order.replace("{0}", f"e.{tidy.status}")
        rules.append(
            rule(
                f"{table.name}_i10_status_forward",
                severity="critical",
                why="a figure goes from provisional to revised to final and never back",
                advice="The releases may lie in each other's folders: check which file is the newer one.",
                query=f"""with {both.replace("{columns}", f"{now} as now, {then} as earlier, n.time_period as period")}
                    select _file_id as file_id, count(*) as checked, count(*) filter (where now < earlier) as failed,
                        'Periods: ' || {examples("period", "now < earlier")} as note
                    from shared group by 1""",
                needs=("landing.source_file",),
            )
        )
    read = list(dict.fromkeys(figure.column for figure in tidy.figures))
    # A figure that became final may still not change afterwards; without a status nothing is said to be final.
    final = f"lower(trim(e.{tidy.status})) = 'final'" if tidy.status else "false"
    columns = ", ".join(
        f"({number(f'n.{column}')} is distinct from {number(f'e.{column}')}) as is_changed_{place}, "
        f"abs({number(f'n.{column}')} - {number(f'e.{column}')}) as size_{place}"
        for place, column in enumerate(read)
    )
    changed = " + ".join(f"count(*) filter (where is_changed_{place})" for place in range(len(read)))
    final_changed = " + ".join(
        f"count(*) filter (where was_final and is_changed_{place})" for place in range(len(read))
    )
    words = " || '; ' || ".join(
        f"'{column} ' || count(*) filter (where is_changed_{place}) || ' cells, largest '"
        f" || coalesce(round(max(size_{place}), 4), 0)"
        for place, column in enumerate(read)
    )
    rules.append(
        rule(
            f"{table.name}_i11_revisions",
            severity="warning",
            why="cells are those of the release before; what changed is listed with its size",
            advice="Nothing is edited: both values are kept as vintages, and cfp plan lists every figure that changes.",
            query=f"""with {both.replace("{columns}", f"{final} as was_final, {columns}")}
                select _file_id as file_id, count(*) * {len(read)} as checked, {changed} as failed,
                    {words} || '. In final years: ' || ({final_changed}) as note
                from shared group by 1""",
            needs=("landing.source_file",),
        )
    )
    return rules
