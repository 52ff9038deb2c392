"""The schools' part of the demonstration: which files it writes, and what its description says of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dagster_project.synthetic import census, pupils, results
from dagster_project.synthetic.attendance import TOO_MANY_EVERY
from dagster_project.synthetic.care import Child
from dagster_project.synthetic.files import Folders
from dagster_project.synthetic.school_levels import Levels
from dagster_project.synthetic.school_terms import FIRST_CENSUS, FIRST_COMPACT_CENSUS, TERMS


@dataclass(frozen=True)
class Written:
    """What the other sources tell of the schools too: homes of pupils, figures that would be published, and the
    reference numbers of the schools, those of the whole city once more.
    """

    postcodes: list[str]
    levels: Levels
    urns: list[str]
    city_wide: list[str]


def write_education(
    writer: Folders,
    seed: int,
    scale: float,
    children: Sequence[Child],
    *,
    authority: int,
    is_compact: bool,
    announce: Callable[[str], None] = lambda step: None,
) -> Written:
    """Write the school censuses and the results.

    A small demonstration has the censuses that tell of the attendance of the two newest school years, and one pupil in
    eight; results are those of its pupils in all years.

    Args:
        writer: Makes the folders and counts the rows.
        seed: Any whole number from 0.
        scale: 1 is about 130,000 pupils on roll.
        children: The children in care of the same seed and scale, with valid pupil numbers.
        authority: DfE number of the authority.
        is_compact: Whether the demonstration is a small one.
        announce: Receives one short sentence for each step.
    """
    announce("inventing schools and pupils")
    known = pupils.invent_pupils(seed, scale, children, is_compact=is_compact)
    announce("writing school censuses")
    censuses = census.CensusWriter(seed, known, authority)
    for term in TERMS[FIRST_COMPACT_CENSUS if is_compact else FIRST_CENSUS :]:
        censuses.write(writer, term)
    announce("writing results")
    extracts = results.ResultsWriter(seed, known, authority)
    for extract in results.YEARS:
        extracts.write(writer, extract)
    urns = known.schools.urns
    city_wide = [*urns[known.schools.of("special")], *urns[known.schools.of("pru")]]
    return Written(known.postcodes, censuses.levels() | extracts.levels, urns, city_wide)


#: What the description of the demonstration says of its schools.
README = f"""- `education/school_census/`: the censuses of eighteen terms, spring 2020 to autumn 2025 (in a small
  demonstration the last six, and one pupil in {pupils.COMPACT_SHARE}). Each tells of the attendance of the term before
  and of suspensions two terms before. Children in care of school age who live in the authority are among the pupils,
  under the number of their return. Older layouts: `gender` before 2022/23, `FIXD` before autumn 2021, attendance code
  `J` before 2024/25.
- `education/eyfsp`, `phonics`, `ks1`, `mtc`, `ks2`, `ks4`: results of the same pupils; 2023/24 revised and final,
  2024/25 provisional. Key stage 2 of 2022/23 has the headings of a supplier, Nexus. What `published/lait/` says of the
  authority's schools in these years is counted from these files; figures by social care group are drawn on their own.
- Faults on purpose in the schools' files, none in children in care: a pupil number with a wrong check letter
  (one pupil in {pupils.UPN_WRONG_EVERY}), a year group that is not that of the age: held back a year
  (one pupil in {pupils.HELD_BACK_EVERY}), no ethnic group (one pupil in {pupils.ETHNICITY_BLANK_EVERY}), a pupil twice
  on a roll (one row in {census.PUPIL_TWICE_EVERY:,}), free meals that end before they start (one in
  {census.FSM_BACKWARDS_EVERY} of the periods that ended), more sessions by reason than were possible
  (one enrolment in {TOO_MANY_EVERY:,}),
  a result of a child whom no census tells of (one row for every {results.NOT_IN_CENSUS_EVERY} others).
  One pupil number in {pupils.UPN_TEMPORARY_EVERY} is a temporary one, which is no fault.
"""
