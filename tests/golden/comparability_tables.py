"""What the specification says of comparability, written a second time and without the product's seeds.

Belongs here: the table of indicators-education.md section 2 with its notes, report.md section 8 and the SEN2 rule of
indicators-education.md section 5, as measure and year to a word; and which measures of the interactive tool each row of
them speaks of, told by the words of its dictionary, not by short descriptions or ids. Years that are not listed are ok.
"""

import re
from collections.abc import Iterable
from datetime import date

OK, BREAK, ALONE, NONE = "ok", "break_before", "not_comparable", "not_collected"
STRICTEST_FIRST = (NONE, ALONE, BREAK, OK)

# The table of section 2: seven academic years, 2018/19 to 2024/25. Notes of the table (first after the pandemic, last
# year, illness high) are ok; none, ended, no check, pilot and not yet are not collected.
FIRST_YEAR = 2019
SEVEN_YEARS = {
    "early years profile": (OK, NONE, NONE, BREAK, OK, OK, OK),
    "phonics year 1": (OK, NONE, NONE, OK, OK, OK, OK),
    "phonics end of year 2": (OK, NONE, NONE, OK, OK, BREAK, OK),
    "key stage 1": (OK, NONE, NONE, OK, OK, NONE, NONE),
    "multiplication check": (NONE, NONE, NONE, OK, OK, OK, OK),
    "key stage 2 attainment": (OK, NONE, NONE, OK, OK, OK, OK),
    "key stage 2 progress": (OK, NONE, NONE, OK, OK, NONE, NONE),
    "key stage 4 attainment": (OK, ALONE, ALONE, ALONE, OK, OK, OK),
    "progress 8": (OK, NONE, NONE, OK, OK, OK, NONE),
    "absence": (OK, NONE, ALONE, OK, OK, OK, OK),
    "absence by reason": (OK, NONE, ALONE, OK, OK, OK, BREAK),
    "suspensions and exclusions": (OK, ALONE, ALONE, OK, OK, OK, OK),
    "key stage 4 destinations": (OK, OK, OK, OK, OK, NONE, NONE),
    "not in education, employment or training": (OK, OK, OK, OK, OK, OK, OK),
}
# The notes under the table, the other tables, and one decision of the product: A levels were graded as GCSEs were.
OTHER_YEARS = {
    "key stage 2 writing": {date(2018, 8, 31): BREAK},
    "attainment 8": {date(2017, 8, 31): BREAK, date(2018, 8, 31): BREAK},
    "progress 8": {date(2026, 8, 31): NONE},
    "key stage 4 destinations": {date(2017, 8, 31): BREAK},
    "key stage 5": {date(2020, 8, 31): ALONE, date(2021, 8, 31): ALONE, date(2022, 8, 31): ALONE},
    "child measurement": {date(2021, 8, 31): NONE},
    "plans of a calendar year": {date(2023, 12, 31): BREAK},
    "plans in January": {date(2023, 1, 31): BREAK},
}
# Notes that must be printed though nothing is parted by them: measure, last day of the period, kind.
NOTES = (
    ("phonics year 1", date(2022, 8, 31), "first_after_gap"),
    ("key stage 1", date(2023, 8, 31), "last_year"),
    ("multiplication check", date(2022, 8, 31), "series_start"),
    ("key stage 2 attainment", date(2022, 8, 31), "first_after_gap"),
    ("key stage 4 attainment", date(2023, 8, 31), "grading_restored"),
    ("progress 8", date(2022, 8, 31), "relative_measure"),
    ("absence", date(2022, 8, 31), "session_codes"),
    ("absence", date(2024, 8, 31), "code_change"),
    ("key stage 4 destinations", date(2020, 8, 31), "pandemic"),
    ("key stage 4 destinations", date(2021, 8, 31), "pandemic"),
    ("free school meals", date(2019, 8, 31), "fsm_protection"),
    ("free school meals in January", date(2019, 1, 31), "fsm_protection"),
    ("placements", date(2020, 3, 31), "series_start"),
)

# How the tool's dictionary speaks of a measure; more than one may fit. Order does not matter.
SPOKEN_OF = (
    ("early years profile", r"^Foundation Stage|- Foundation -|GLD in foundation"),
    ("phonics year 1", r"^Phonics Decoding"),
    ("key stage 1", r"^Key Stage 1 (Reading|Writing|Maths|Science)"),
    ("multiplication check", r"multiplication tables check"),
    ("key stage 2 progress", r"age 7 and age 11|Key Stage 2 - AVG Progress|^Progress scores - Key stage 2"),
    ("key stage 2 attainment", r"^(?!Progress ).*(KS2|Key Stage 2)(?!.*AVG Progress)"),
    ("key stage 2 writing", r"^(?!Progress ).*(KS2|Key Stage 2)(?!.*AVG Progress).*(RWM|\(RWM\)|writing)"),
    ("key stage 4 attainment", r"Attainment 8|English Baccalaureate|9-[45] pass in English and Maths"),
    ("attainment 8", r"Attainment 8"),
    ("progress 8", r"Progress 8"),
    (
        "absence",
        r"(?<!Social Worker )absence\b|persistent absentees|^(Primary|Secondary|Special|Total School) (Un)?auth",
    ),
    ("absence by reason", r"authorised"),
    ("suspensions and exclusions", r"suspensions|exclusion"),
    ("key stage 4 destinations", r"KS4.*(going to|Destination|Training at 17)"),
    ("key stage 5", r"\bA levels?\b|Applied General|Tech Level"),
    ("child measurement", r"overweight or obese"),
    ("not in education, employment or training", r"^(% of )?16-17 (NEET|whose activity|who are NEET)"),
    ("plans in January", r"^Total number of cases \(as at January\)"),
    (
        "plans of a calendar year",
        r"within 20 weeks|assessment for an EHC plan|Newly issued statements|appealable decisions|ceased EHC plans"
        r"|Number of (assessments|initial requests)|assessments where (a|it) |number of cases \(during year\)",
    ),
    (
        "placements",
        r"% of CLA (in foster care|in independent|placed with parents|in secure homes|in other (pla|res))",
    ),
)
# Away from these the words "authorised" and "disadvantaged" speak of something else.
_ABSENCE_TOPICS = r"Absence|Looked After|in Need"
_FREE_MEALS = r"\bFSM\b|FSM pupils|free school meals|disadvantaged pupils"
# Those aged 19 were eligible at 15, years before the protection reached their group.
_BY_19 = r"\b19\b|Level [23]"


def measures_of(measure: str, topic: str, year_type: str) -> set[str]:
    """The rows of the specification that speak of a measure of the tool, from the words of its dictionary."""
    found = {name for name, words in SPOKEN_OF if re.search(words, measure, re.IGNORECASE)}
    if "absence by reason" in found and not re.search(_ABSENCE_TOPICS, topic):
        found.discard("absence by reason")
    if "absence by reason" in found and "without authorisation" in measure:
        found.discard("absence by reason")
    if re.search(_FREE_MEALS, measure, re.IGNORECASE) and not re.search(_BY_19, measure):
        found.add("free school meals in January" if year_type == "Annual - January" else "free school meals")
    return found


def words_of(measures: Iterable[str]) -> dict[date, str]:
    """Last day of the year to the word the specification has for it, the strictest of those that apply, without ok."""
    words: dict[date, str] = {}
    for measure in measures:
        seven = {
            date(FIRST_YEAR + place, 8, 31): word
            for place, word in enumerate(SEVEN_YEARS.get(measure, ()))
            if word != OK
        }
        for day, word in (seven | OTHER_YEARS.get(measure, {})).items():
            words[day] = min(word, words.get(day, OK), key=STRICTEST_FIRST.index)
    return words
