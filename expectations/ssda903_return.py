"""The checks a looked-after return (SSDA903) is put through before it is sent: what practitioners correct, row by row.

Written from the layout, the code lists and the rules of counting in the public guides. Each rule reads one table of
one return; `breaks` is true for a row to look at, and a rule with nothing to say about a row leaves it out of
`applies`. The row is `r`. Every text is trimmed and in capitals, a blank one is null; a date column has its date beside
it as `<column>_day`, null where it cannot be read. All tables have `return_key`, `collection_year`, `year_start`,
`count_date` and `is_cut` (taken within the year). `episodes` knows the episode before and after it of the same child
and kind (short breaks apart): `previous_dec_day`, `previous_rec`, `next_decom_day`, `next_rne`, the first
day of unbroken care `care_start_day`, the child's `dob_day`, and whether it is open on the day of the count (`is_open`)
and the one counted (`is_counted`: no short break, the last of those open).
"""

from dataclasses import dataclass
from typing import Literal

SOURCE = "ssda903"
OWNER = "data manager"
#: Tables of a year-end return, what each tells, and the first collection year that has it.
TABLES = {
    "header": ("the children", 0),
    "episodes": ("their episodes of care", 0),
    "uasc": ("unaccompanied children", 0),
    "reviews": ("reviews", 0),
    "oc2": ("health", 0),
    "oc3": ("care leavers", 0),
    "ad1": ("adoption", 0),
    "placed_for_adoption": ("placing for adoption", 0),
    "previous_permanence": ("earlier permanence", 2017),
    "missing": ("children missing", 2015),
    "social_workers": ("social workers", 2024),
    "deprivation_of_liberty": ("deprivation of liberty", 2027),
}
#: Columns of the tables of a return that hold a day.
DAYS = frozenset({
    "dob", "mc_dob", "decom", "dec", "review", "duc", "date_int", "date_match", "date_placed", "date_placed_ceased",
    "date_perm", "mis_start", "mis_end", "sw_decom", "sw_dec", "dolo_start", "dolo_end",
})  # fmt: skip
#: Codes that belong to no placement with an inspected provider, and those without any provider.
TEMPORARY = "('T0', 'T1', 'T2', 'T3', 'T4')"
OTHER_PLACEMENTS = "('Z1', 'Z11', 'Z12', 'Z13', 'Z14')"
SHORT_BREAKS = "('V3', 'V4')"
YES_OR_NO = "('0', '1')"
REASONS_TO_CEASE = (
    "('X1', 'E11', 'E12', 'E2', 'E3', 'E4A', 'E4B', 'E13', 'E41', 'E43', 'E44', 'E45', 'E46', 'E47', 'E48', 'E5', 'E6',"
    " 'E7', 'E8', 'E9', 'E14', 'E15', 'E16', 'E17')"
)
REASONS_TO_MOVE = (
    "('CARPL', 'CLOSE', 'ALLEG', 'STAND', 'APPRR', 'CREQB', 'CREQO', 'CHILD', 'LAREQ', 'PLACE', 'CUSTOD', 'OTHER')"
)
IN_TOUCH = "('YES', 'NO', 'DIED', 'REFU', 'NREQ', 'RHOM')"
ACTIVITIES = "('F1', 'P1', 'F2', 'P2', 'F3', 'P3', 'F4', 'P4', 'F5', 'P5', 'G4', 'G5', 'G6', '0')"
REASONS_FOR_WORKER = (
    "('FCONTA', 'MANAGE', 'LEFTRL', 'ORGRST', 'TSPROC', 'ABSENC', 'CHCHAN', 'PCCHAN', 'SWDIED', 'OTHERS')"
)
#: A day of which parts are not known has zz in their place.
PARTLY_KNOWN_DAY = "'(ZZ|[0-9]{2})/(ZZ|[0-9]{2})/(ZZZZ|[0-9]{4})'"
ACCOMMODATION = "'^(0|[BCDEGHKRSTUVWXYZ][12])$'"
POSTCODE = "'^[A-Z]{1,2}[0-9][A-Z0-9]? *[0-9][A-Z]{2}$'"
PROVIDER_NUMBER = "'^(SC[0-9]{6}|[0-9]{7}|X{6,7})$'"


def _age(born: str, day: str) -> str:
    """Return SQL for completed years of age."""
    return f"date_sub('year', {born}, {day})"


def _known(code_list: str, column: str) -> str:
    """Return SQL that is true for a code of a list of the seed `return_codes`."""
    return f"{column} in (select code from return_code where code_list = '{code_list}')"


def _in_table(table: str, where: str = "true") -> str:
    """Return SQL that is true where the same return tells of the child in another table."""
    return f"exists (select 1 from {table} as o where o.return_key = r.return_key and o.child = r.child and ({where}))"


def _looked_after_on(day: str) -> str:
    """Return SQL that is true where an episode of the child holds the day, its last one included."""
    return _in_table("episodes", f"o.decom_day <= {day} and coalesce(o.dec_day >= {day}, true)")


@dataclass(frozen=True, kw_only=True)
class ReturnRule:
    """One check of a return.

    Attributes:
        code: What the list of findings and the published count are called.
        table: The table whose rows are checked.
        fields: Its columns that the list of findings shows.
        severity: `error` for what the return's own rules forbid, `query` for what is unlikely. Neither stops anything.
        message: What is wrong with a row and what to look at, in plain words.
        breaks: SQL, true for a row to list.
        applies: SQL, true for a row the rule is about.
        needs: Other tables that the return must hold for the rule to say anything.
    """

    code: str
    table: str
    fields: tuple[str, ...]
    severity: Literal["error", "query"]
    message: str
    breaks: str
    applies: str = "true"
    needs: tuple[str, ...] = ()

    @property
    def check_id(self) -> str:
        """The name of the check in `check_result`."""
        return f"{SOURCE}_{self.code.lower()}"


def _rule(
    code: str,
    table: str,
    fields: str,
    severity: Literal["error", "query"],
    message: str,
    breaks: str,
    applies: str = "true",
    needs: tuple[str, ...] = (),
) -> ReturnRule:
    return ReturnRule(
        code=code,
        table=table,
        fields=tuple(fields.split()),
        severity=severity,
        message=message,
        breaks=breaks,
        applies=applies,
        needs=needs,
    )


_HEADER = (
    _rule(
        "H01",
        "header",
        "sex",
        "error",
        "The sex is not a code of this year: 1 or 2 up to 2024, M, F or U from 2025.",
        "r.sex is null or r.sex not in ('M', 'F', 'U') and r.collection_year >= 2025"
        " or r.sex not in ('1', '2') and r.collection_year < 2025",
    ),
    _rule("H02", "header", "dob", "error", "The date of birth is missing or no date.", "r.dob_day is null"),
    _rule(
        "H03",
        "header",
        "dob",
        "error",
        "The child is born after the last day of the return.",
        "r.dob_day > r.count_date",
        "r.dob_day is not null",
    ),
    _rule(
        "H04",
        "header",
        "ethnic",
        "error",
        "The ethnic group is missing or no code of the list.",
        f"r.ethnic is null or not {_known('ethnic', 'r.ethnic')}",
    ),
    _rule(
        "H05",
        "header",
        "upn",
        "error",
        "The UPN is neither a letter with twelve characters after it nor one of UN1 to UN5.",
        "not regexp_full_match(coalesce(r.upn, ''), '[A-Z][0-9]{11}[0-9A-Z]|UN[1-5]')",
    ),
    _rule(
        "H06",
        "header",
        "upn dob",
        "error",
        "Another child of this return has the same UPN.",
        "exists (select 1 from header as o where o.return_key = r.return_key and o.upn = r.upn and o.child <> r.child)",
        "r.upn not in ('UN1', 'UN2', 'UN3', 'UN4', 'UN5')",
    ),
    _rule(
        "H07",
        "header",
        "upn dob",
        "query",
        "The child has no UPN for being under school age, but is six or older.",
        f"{_age('r.dob_day', 'r.count_date')} >= 6",
        "r.upn = 'UN1' and r.dob_day is not null",
    ),
    _rule(
        "H08",
        "header",
        "mother mc_dob",
        "error",
        "A mother has no date of birth of her child, or a date is given for somebody who is no mother.",
        "(coalesce(r.mother, '0') = '1') <> (r.mc_dob is not null)",
    ),
    _rule(
        "H09", "header", "sex mother", "query", "A boy is said to be a mother.", "r.sex in ('1', 'M')", "r.mother = '1'"
    ),
    _rule(
        "H10",
        "header",
        "dob",
        "query",
        "The return has a child with neither an episode of care nor a row as a care leaver.",
        f"not {_in_table('episodes')} and not {_in_table('oc3')}",
        needs=("episodes", "oc3"),
    ),
)

_EPISODES = (
    _rule(
        "E01",
        "episodes",
        "decom rne",
        "error",
        "The reason for the new episode is missing or not S, L, P, T, B or U.",
        "r.rne is null or r.rne not in ('S', 'L', 'P', 'T', 'B', 'U')",
    ),
    _rule(
        "E02",
        "episodes",
        "decom ls",
        "error",
        "The legal status is missing or no code of the list.",
        f"r.ls is null or not {_known('ls', 'r.ls')}",
    ),
    _rule(
        "E03",
        "episodes",
        "decom cin",
        "error",
        "The category of need is missing or not N1 to N8.",
        f"r.cin is null or not {_known('cin', 'r.cin')}",
    ),
    _rule(
        "E04",
        "episodes",
        "decom place",
        "error",
        "The placement is missing or no code of the list.",
        f"r.place is null or not {_known('place', 'r.place')}",
    ),
    _rule(
        "E05",
        "episodes",
        "decom place",
        "error",
        "The placement code is not one of this year: K3 begins in 2025, Z1 ends in 2025 and Z11 to Z14 follow it.",
        "r.place = 'K3' and r.collection_year < 2025"
        " or r.place = 'Z1' and r.collection_year >= 2026 and r.decom_day >= r.year_start"
        " or r.place in ('Z11', 'Z12', 'Z13', 'Z14') and r.collection_year < 2026",
        _known("place", "r.place"),
    ),
    _rule(
        "E06",
        "episodes",
        "decom place place_provider",
        "error",
        "The provider of the placement is missing or not PR0 to PR5.",
        "r.place_provider is null or r.place_provider not in ('PR0', 'PR1', 'PR2', 'PR3', 'PR4', 'PR5')",
        f"r.place not in {TEMPORARY} and r.place not in {OTHER_PLACEMENTS}",
    ),
    _rule(
        "E07",
        "episodes",
        "decom place place_provider",
        "query",
        "A temporary or other placement, which has no provider, has one.",
        "r.place_provider is not null",
        f"r.place in ('T0', 'T1', 'T2', 'T3') or r.place in {OTHER_PLACEMENTS}",
    ),
    _rule(
        "E08",
        "episodes",
        "decom place place_provider",
        "error",
        "Parents are the provider exactly where a child is placed with them.",
        "(r.place = 'P1') <> (r.place_provider = 'PR0')",
        "r.place is not null and r.place_provider is not null",
    ),
    _rule(
        "E09",
        "episodes",
        "decom dec",
        "error",
        "The end of the episode is no date; it is taken as open.",
        "r.dec_day is null",
        "r.dec is not null",
    ),
    _rule(
        "E10",
        "episodes",
        "decom dec",
        "error",
        "The episode ends before it begins.",
        "r.dec_day < r.decom_day",
        "r.dec_day is not null",
    ),
    _rule(
        "E11",
        "episodes",
        "decom dec rec",
        "error",
        "The episode has an end without a reason, or a reason without an end; the end decides.",
        "(r.dec is null) <> (r.rec is null)",
    ),
    _rule(
        "E12",
        "episodes",
        "decom rec",
        "error",
        "The reason why the episode ceased is no code of the list.",
        f"r.rec not in {REASONS_TO_CEASE}",
        "r.rec is not null",
    ),
    _rule(
        "E13",
        "episodes",
        "decom dec rec",
        "error",
        "The episode goes on in another one (X1), but none begins on the day it ends.",
        "r.next_decom_day is distinct from r.dec_day",
        "r.rec = 'X1' and r.dec_day is not null",
    ),
    _rule(
        "E14",
        "episodes",
        "decom dec rec",
        "query",
        "Care ceases, but another episode begins on the same day: should the reason be X1?",
        "r.next_decom_day = r.dec_day",
        "r.rec <> 'X1' and r.dec_day is not null",
    ),
    _rule(
        "E15",
        "episodes",
        "decom rne",
        "error",
        "The episode continues care (its reason is not S), but none ends on the day it begins.",
        "r.previous_dec_day is distinct from r.decom_day",
        "r.rne in ('L', 'P', 'T', 'B', 'U') and r.decom_day > r.year_start",
    ),
    _rule(
        "E16",
        "episodes",
        "decom rne",
        "error",
        "The child starts to be looked after (S) on the day an episode that goes on (X1) ended.",
        "r.previous_dec_day = r.decom_day and r.previous_rec = 'X1'",
        "r.rne = 'S'",
    ),
    _rule(
        "E17",
        "episodes",
        "decom dec",
        "error",
        "The episode begins before the one before it has ended.",
        "r.previous_dec_day > r.decom_day",
        "r.previous_dec_day is not null",
    ),
    _rule(
        "E18",
        "episodes",
        "decom ls place",
        "error",
        "Two episodes of the child are open on the day of the count; the one that began last is counted.",
        f"""exists (
              select 1 from episodes as o
              where o.return_key = r.return_key and o.child = r.child and o.is_open and o.ls not in {SHORT_BREAKS}
                and (o.decom_day, o.row_number) > (r.decom_day, r.row_number)
          )""",
        f"r.is_open and r.ls not in {SHORT_BREAKS}",
    ),
    _rule(
        "E19",
        "episodes",
        "decom rne",
        "error",
        "The episode was open at the end of this year, but next year's return does not know it and does not count it.",
        """not exists (
              select 1 from episodes as o
              where o.return_key = r.next_return_key and o.child = r.child and o.decom_day = r.decom_day
          )""",
        "r.is_open and r.next_return_key is not null",
    ),
    _rule(
        "E20",
        "episodes",
        "decom",
        "error",
        "The child has episodes but no row in the header.",
        f"not {_in_table('header')}",
        needs=("header",),
    ),
    _rule(
        "E21",
        "episodes",
        "decom",
        "error",
        "The episode begins before the child is born.",
        "r.decom_day < r.dob_day",
        "r.dob_day is not null",
    ),
    _rule(
        "E22",
        "episodes",
        "decom dec",
        "error",
        "The child is looked after beyond the eighteenth birthday.",
        f"{_age('r.dob_day', 'least(coalesce(r.dec_day, r.count_date), r.count_date) - 1')} >= 18",
        "r.dob_day is not null",
    ),
    _rule(
        "E23",
        "episodes",
        "dec reason_place_change",
        "error",
        "The reason for the change of placement is no code of the list.",
        f"r.reason_place_change not in {REASONS_TO_MOVE}",
        "r.reason_place_change is not null",
    ),
    _rule(
        "E24",
        "episodes",
        "dec rec reason_place_change",
        "query",
        "The child moved when the episode ended, but no reason for the move is given.",
        "r.reason_place_change is null",
        f"r.rec = 'X1' and r.next_rne in ('P', 'B', 'T', 'U') and r.ls not in {SHORT_BREAKS}",
    ),
    _rule(
        "E25",
        "episodes",
        "decom dec",
        "query",
        "The episode ends after the last day of the return.",
        "r.dec_day > r.count_date + 1",
        "r.dec_day is not null",
    ),
    _rule(
        "E26",
        "episodes",
        "decom home_post",
        "error",
        "The home postcode is not written like a postcode.",
        f"not regexp_matches(r.home_post, {POSTCODE})",
        "r.home_post is not null",
    ),
    _rule(
        "E27",
        "episodes",
        "decom place pl_post",
        "error",
        "The postcode of the placement is missing or not written like a postcode.",
        f"not regexp_matches(coalesce(r.pl_post, ''), {POSTCODE})",
        f"r.place not in {TEMPORARY} and r.place not in {OTHER_PLACEMENTS}",
    ),
    _rule(
        "E28",
        "episodes",
        "decom place urn",
        "error",
        "The provider's number (URN) is neither SC with six digits, nor seven digits, nor X only.",
        f"not regexp_matches(r.urn, {PROVIDER_NUMBER})",
        "r.urn is not null",
    ),
    _rule(
        "E29",
        "episodes",
        "decom place urn",
        "query",
        "A home or foster placement that is inspected has no number (URN).",
        "r.urn is null",
        "r.place in ('U1', 'U2', 'U3', 'U4', 'U5', 'U6', 'K1', 'K2', 'S1', 'R3') and r.collection_year >= 2017",
    ),
    _rule(
        "E30",
        "episodes",
        "decom ls place",
        "error",
        "The child is placed with parents without a care order.",
        "r.ls not in ('C1', 'C2', 'D1', 'E1')",
        "r.place = 'P1' and r.ls is not null",
    ),
    _rule(
        "E31",
        "episodes",
        "decom ls place",
        "query",
        "The child is placed for adoption by order, but the legal status is no placement or freeing order.",
        "r.ls not in ('E1', 'D1')",
        "r.place in ('A5', 'A6') and r.ls is not null",
    ),
    _rule(
        "E32",
        "episodes",
        "decom dec place",
        "query",
        "A temporary placement of type T4 lasts more than seven days.",
        "coalesce(r.dec_day, r.count_date) - r.decom_day > 7",
        "r.place = 'T4'",
    ),
)

_OTHERS = (
    _rule(
        "U01",
        "uasc",
        "dob",
        "error",
        "An unaccompanied child is not in the header of the return.",
        f"not {_in_table('header')}",
        needs=("header",),
    ),
    _rule(
        "U02",
        "uasc",
        "dob duc",
        "error",
        "The status of an unaccompanied child ends on what is no date, or after the eighteenth birthday.",
        f"r.duc_day is null or {_age('r.dob_day', 'r.duc_day - 1')} >= 18",
        "r.duc is not null",
    ),
    _rule(
        "U03",
        "uasc",
        "duc",
        "query",
        "An unaccompanied child has another category of need than absent parenting (N8).",
        _in_table("episodes", f"o.cin <> 'N8' and o.ls not in {SHORT_BREAKS}"),
        needs=("episodes",),
    ),
    _rule(
        "D01",
        "uasc",
        "dob",
        "error",
        "The date of birth differs from that of the header.",
        _in_table("header", "o.dob_day <> r.dob_day"),
        "r.dob_day is not null",
        needs=("header",),
    ),
    _rule(
        "D02",
        "oc2",
        "dob",
        "error",
        "The date of birth differs from that of the header.",
        _in_table("header", "o.dob_day <> r.dob_day"),
        "r.dob_day is not null",
        needs=("header",),
    ),
    _rule(
        "O01",
        "oc2",
        "sdq_score",
        "error",
        "The SDQ score is no whole number from 0 to 40.",
        "coalesce(try_cast(r.sdq_score as integer) not between 0 and 40, true)",
        "r.sdq_score is not null",
    ),
    _rule(
        "O02",
        "oc2",
        "dob sdq_score sdq_reason",
        "error",
        "A child of 4 to 16 has neither an SDQ score nor a reason without one, or has both.",
        "(r.sdq_score is null) = (r.sdq_reason is null)",
        f"{_age('r.dob_day', 'r.count_date')} between 4 and 16",
    ),
    _rule(
        "O03",
        "oc2",
        "sdq_reason",
        "error",
        "The reason without an SDQ score is not SDQ1 to SDQ5.",
        "r.sdq_reason not in ('SDQ1', 'SDQ2', 'SDQ3', 'SDQ4', 'SDQ5')",
        "r.sdq_reason is not null",
    ),
    _rule(
        "O04",
        "oc2",
        "convicted immunisations teeth_check health_assessment substance_misuse",
        "error",
        "An answer on health or convictions is neither 0 nor 1.",
        " or ".join(
            f"coalesce(r.{name}, '0') not in {YES_OR_NO}"
            for name in (
                "convicted",
                "health_check",
                "immunisations",
                "teeth_check",
                "health_assessment",
                "substance_misuse",
                "intervention_received",
                "intervention_offered",
            )
        ),
    ),
    _rule(
        "O05",
        "oc2",
        "dob convicted",
        "query",
        "A child under ten is said to be convicted.",
        f"{_age('r.dob_day', 'r.count_date')} < 10",
        "r.convicted = '1' and r.dob_day is not null",
    ),
    _rule(
        "O06",
        "oc2",
        "substance_misuse intervention_received intervention_offered",
        "error",
        "What was done about substance misuse is missing, or told of a child without it.",
        "(coalesce(r.substance_misuse, '0') = '1') <> (r.intervention_received is not null)",
    ),
    _rule(
        "O07",
        "header",
        "dob",
        "query",
        "The child has been looked after for the whole year but has no row on health (OC2).",
        f"not {_in_table('oc2')}",
        "not r.is_cut and " + _in_table("episodes", "o.is_counted and o.care_start_day <= r.year_start"),
        needs=("episodes", "oc2"),
    ),
    _rule(
        "L01",
        "oc3",
        "in_touch",
        "error",
        "Whether the care leaver is in touch is no code of the list.",
        f"r.in_touch is null or r.in_touch not in {IN_TOUCH}",
    ),
    _rule(
        "L02",
        "oc3",
        "activ",
        "error",
        "The care leaver's activity is no code of the list.",
        f"r.activ is null or r.activ not in {ACTIVITIES}",
        "r.in_touch not in ('DIED', 'RHOM')",
    ),
    _rule(
        "L03",
        "oc3",
        "accom",
        "error",
        "The care leaver's accommodation is no code of the list.",
        f"not regexp_matches(coalesce(r.accom, ''), {ACCOMMODATION})",
        "r.in_touch not in ('DIED', 'RHOM')",
    ),
    _rule(
        "L04",
        "oc3",
        "dob",
        "error",
        "The care leaver has no birthday from the 17th to the 21st in this year.",
        f"{_age('r.dob_day', 'r.count_date')} not between 17 and 21",
        "r.dob_day is not null",
    ),
    _rule(
        "L05",
        "oc3",
        "activ",
        "error",
        "The activity is one that ended with the year 2021 (F3, P3) or began after it (F4, P4, F5, P5).",
        "r.activ in ('F3', 'P3') and r.collection_year >= 2022"
        " or r.activ in ('F4', 'P4', 'F5', 'P5') and r.collection_year < 2022",
        "r.activ is not null",
    ),
    _rule(
        "A01",
        "episodes",
        "dec rec",
        "error",
        "The child is adopted but has no row on the adoption (AD1).",
        f"not {_in_table('ad1')}",
        "r.rec in ('E11', 'E12') and r.dec_day between r.year_start and r.count_date and not r.is_cut",
        needs=("ad1",),
    ),
    _rule(
        "A02",
        "ad1",
        "date_int date_match",
        "error",
        "A day of the adoption is missing or no date, or the match comes before the decision for the family.",
        "coalesce(r.date_match_day < r.date_int_day, true)",
    ),
    _rule(
        "A03",
        "ad1",
        "nb_adoptr sex_adoptr",
        "error",
        "The number of adopters and what they are do not fit.",
        "case r.nb_adoptr when '1' then coalesce(r.sex_adoptr not in ('M1', 'F1'), true)"
        " when '2' then coalesce(r.sex_adoptr not in ('MM', 'FF', 'MF'), true) else true end",
    ),
    _rule(
        "P01",
        "placed_for_adoption",
        "date_placed date_placed_ceased",
        "error",
        "The decision to place the child is missing or no date, or it is withdrawn before it is taken.",
        "r.date_placed_day is null or r.date_placed_ceased_day < r.date_placed_day",
    ),
    _rule(
        "P02",
        "placed_for_adoption",
        "date_placed_ceased reason_placed_ceased",
        "error",
        "A decision is withdrawn without a reason, or there is a reason without a day.",
        "(r.date_placed_ceased is null) <> (r.reason_placed_ceased is null)",
    ),
    _rule(
        "V01",
        "episodes",
        "decom rne",
        "error",
        "The child started to be looked after this year but has no row on earlier permanence.",
        f"not {_in_table('previous_permanence')}",
        f"r.rne = 'S' and r.decom_day between r.year_start and r.count_date and r.ls not in {SHORT_BREAKS}"
        " and r.collection_year >= 2017",
        needs=("previous_permanence",),
    ),
    _rule(
        "V02",
        "previous_permanence",
        "prev_perm date_perm",
        "error",
        "Earlier permanence is no code of the list, or its day is neither a date nor one with zz for what is unknown.",
        "coalesce(r.prev_perm not in ('P1', 'P2', 'P3', 'P4', 'Z1'), true) or (r.date_perm_day is null"
        f" and not regexp_full_match(coalesce(r.date_perm, 'ZZ/ZZ/ZZZZ'), {PARTLY_KNOWN_DAY}))",
    ),
    _rule(
        "M01",
        "missing",
        "missing mis_start",
        "error",
        "The kind of absence is not M or A, or its first day is missing or no date.",
        "coalesce(r.missing not in ('M', 'A'), true) or r.mis_start_day is null",
    ),
    _rule(
        "M02",
        "missing",
        "mis_start mis_end",
        "error",
        "The day on which the child is back is no date, or comes before the child went missing.",
        "r.mis_end_day is null or r.mis_end_day < r.mis_start_day",
        "r.mis_end is not null",
    ),
    _rule(
        "M03",
        "missing",
        "mis_start mis_end",
        "query",
        "The child went missing on a day on which the child was not looked after.",
        f"not {_looked_after_on('r.mis_start_day')}",
        "r.mis_start_day >= r.year_start",
        needs=("episodes",),
    ),
    _rule(
        "M04",
        "missing",
        "mis_start mis_end",
        "error",
        "The child goes missing again before being back.",
        """exists (
              select 1 from missing as o
              where o.return_key = r.return_key and o.child = r.child and o.row_number <> r.row_number
                and o.mis_start_day < r.mis_start_day and coalesce(o.mis_end_day > r.mis_start_day, true)
          )""",
        "r.mis_start_day is not null",
    ),
    _rule(
        "R01",
        "reviews",
        "review review_code",
        "error",
        "The day of the review is no date, or how the child took part is no code of the list.",
        "r.review_day is null or coalesce(not regexp_full_match(r.review_code, 'PN[0-7]'), true)",
    ),
    _rule(
        "R02",
        "reviews",
        "dob review review_code",
        "error",
        "Taking part is told of a child under four, or a child of four or older is said to be too young.",
        f"(r.review_code = 'PN0') <> ({_age('r.dob_day', 'r.review_day')} < 4)",
        "r.dob_day is not null and r.review_day is not null and r.review_code is not null",
    ),
    _rule(
        "R03",
        "reviews",
        "review",
        "query",
        "The review was held on a day on which the child was not looked after.",
        f"not {_looked_after_on('r.review_day')}",
        "r.review_day is not null",
        needs=("episodes",),
    ),
    _rule(
        "W01",
        "social_workers",
        "sw_decom sw_dec",
        "error",
        "A day of a social worker's time with the child is no date, or the time ends before it begins.",
        "r.sw_decom_day is null or (r.sw_dec is not null and r.sw_dec_day is null) or r.sw_dec_day < r.sw_decom_day",
    ),
    _rule(
        "W02",
        "episodes",
        "decom",
        "error",
        "The child is looked after on the day of the count but has no social worker on that day.",
        f"not {_in_table('social_workers', 'o.sw_dec_day is null or o.sw_dec_day > r.count_date')}",
        "r.is_counted and r.collection_year >= 2026",
        needs=("social_workers",),
    ),
    _rule(
        "W03",
        "social_workers",
        "sw_decom sw_reason",
        "error",
        "The reason for the change of social worker is no code of the list.",
        f"coalesce(r.sw_reason not in {REASONS_FOR_WORKER}, true)",
    ),
    _rule(
        "Q01",
        "deprivation_of_liberty",
        "dolo_start dolo_end",
        "error",
        "The order's first day is missing or no date, or the order ends before it begins.",
        "r.dolo_start_day is null or r.dolo_end_day < r.dolo_start_day",
    ),
)

RULES: tuple[ReturnRule, ...] = (*_HEADER, *_EPISODES, *_OTHERS)
