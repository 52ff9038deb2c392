"""Invented results of pupils as text files, to be landed as they are or with one thing wrong."""

from census_desk import uln, upn

from expectations.raw_results import GOALS

PUPILS = 60

Row = dict[str, str]

#: What a row of each assessment holds beside the pupil.
OUTCOMES: dict[str, Row] = {
    "eyfsp": dict.fromkeys(GOALS, "2") | {"com_e02": "1", "lit_e09": "A"},
    "phonics": {"phonics_mark": "32", "phonics_outcome": "Wa", "phonics_year_group": "1", "check_window": "june"},
    "ks1": {"read_ta": "EXS", "writ_ta": "WTS", "mat_ta": "GDS", "sci_ta": "HNM"},
    "mtc": {"mtc_score": "25", "mtc_outcome": "took"},
    "ks2": {
        "read_score": "104", "mat_score": "99", "gps_score": "", "read_outcome": "AS", "mat_outcome": "NS",
        "gps_outcome": "A", "writ_ta": "EXS", "sci_ta": "EXS", "read_prog": "-1.25", "writ_prog": "", "mat_prog": "2",
    },
    "ks4": {
        "end_ks4_flag": "1", "att8": "47.5", "att8_eng": "10", "att8_mat": "10", "att8_ebac": "14.5", "att8_open": "13",
        "l2basics_94": "1", "l2basics_95": "0", "ebacc_entered": "1", "ebacc_aps": "4.03", "p8_included": "1",
        "p8_score": "-0.4", "ks2_prior": "4.5",
    },
}  # fmt: skip


def results(assessment: str, year: int, *, pupils: int = PUPILS, status: str = "final") -> list[Row]:
    """Return good rows of the school year that ends in `year`."""
    return [
        {
            "academic_year": f"{year - 1}{year % 100:02d}",
            "la_code": "383",
            "laestab": f"383{2000 + number % 3}",
            "urn": str(107000 + number % 3),
            "upn": upn(801_000_000_000 + number),
            "uln": uln(100_000_000 + number) if number % 2 else "",
            "surname": f"SURNAME{number}",
            "forename": f"FORENAME{number}",
            "dob": f"{1 + number % 28:02d}/09/2015",
            "sex": "MF"[number % 2],
            "postcode": "ZZ1 1AA",
            "nc_year": "6",
            "fsm_flag": "01"[number % 2],
            "fsm6_flag": "0",
            "disadvantaged_flag": "0",
            "sen_provision": "NNKE"[number % 4],
            "eal_flag": "",
            "ethnicity": "WBRI",
            "status": status,
            "extract_date": f"{year}-10-01",
            **OUTCOMES[assessment],
        }
        for number in range(pupils)
    ]


def as_csv(rows: list[Row], *, without: tuple[str, ...] = (), named: Row | None = None) -> str:
    """Return rows as a file, without some columns and with other headers for those `named`."""
    columns = [column for column in rows[0] if column not in without]
    heads = [(named or {}).get(column, column) for column in columns]
    return "\n".join([",".join(heads), *(",".join(row[column] for column in columns) for row in rows)]) + "\n"
