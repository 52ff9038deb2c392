"""An invented school census as text files, to be landed as it is or with one thing wrong."""

from collections.abc import Iterable

PUPILS = 60
UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"

Table = list[dict[str, str]]


def upn(number: int, *, is_temporary: bool = False) -> str:
    """Return a unique pupil number with its check letter, worked out digit by digit."""
    tail = f"{number:012d}" if not is_temporary else f"{number:011d}B"
    places = [int(character) if character.isdigit() else UPN_LETTERS.index(character) for character in tail]
    return UPN_LETTERS[sum(value * weight for weight, value in enumerate(places, start=2)) % 23] + tail


def uln(number: int) -> str:
    """Return a unique learner number; numbers without a valid last digit are stepped over."""
    while True:
        digits = f"{number:09d}"
        rest = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if rest:
            return f"{digits}{10 - rest}"
        number += 1


def census(year: int) -> dict[str, Table]:
    """Return the tables of an autumn census: a pupil of each year group in turn, each with sessions and one period."""
    pupils, off, periods, sessions, exclusions = [], [], [], [], []
    for number in range(PUPILS):
        group = 1 + number % 11
        key = {"pupilonrolltableid": f"p{number:03d}", "NativeId": f"SCH{number % 3}"}
        pupils.append({
            **key,
            "upn": upn(801_000_000_000 + number) if number % 7 else upn(8_010_000 + number, is_temporary=True),
            "uniquelearnernumber": uln(100_000_000 + number) if group > 8 else "",
            "dob": f"{year - group - 5}-Sep-{1 + number % 28:02d} 00:00:00",
            "sex": "MF"[number % 2],
            "entrydate": f"{year - 1}-Sep-04 00:00:00",
            "enrolstatus": "C",
            "ncyearactual": str(group),
            "senprovision": "NNNK"[number % 4],
            "language": "ENG",
            "termlysessionspossible": "100.0",
            "summerhalfterm2sessionspossible": "60.0",
        })  # fmt: skip
        periods.append({
            **key, "fsmperiodsonrolltableid": f"f{number}", "fsmstartdate": f"{year - 1}-Sep-04 00:00:00",
            "fsmenddate": f"{year}-Jul-01 00:00:00" if number % 2 else "", "ukcountry": "ENG",
        })  # fmt: skip
        sessions += [
            {**key, "tableid": f"s{number}{code}", "attendancereason": code, "sessions": "4.0"} for code in ("I", "O")
        ]
        exclusions.append({
            **key, "tableid": f"x{number}", "category": "SUSP", "startdate": f"{year}-Mar-03 00:00:00",
            "sessions": "2.0", "reason1": "DB",
        })  # fmt: skip
        left = {"pupilnolongeronrolltableid": f"q{number:03d}", "NativeId": "SCH0"}
        off.append({
            **left, "upn": upn(802_000_000_000 + number), "dob": "2012-Jan-21 00:00:00", "sex": "F",
            "entrydate": f"{year - 1}-Sep-04 00:00:00", "leavingdate": f"{year}-May-01 00:00:00",
            "termlysessionspossible": "100.0", "summerhalfterm2sessionspossible": "60.0",
        })  # fmt: skip
    gone = [{**row, **_left(row)} for row in sessions]
    return {
        "pupilonroll": pupils,
        "pupilnolongeronroll": off,
        "fsmperiodsonroll": periods,
        "termlysessiondetailsonroll": sessions,
        "summerhalfterm2sessiondetailsonroll": sessions,
        "termlysessiondetailsoffroll": gone,
        "summerhalfterm2sessiondetailsoffroll": gone,
        "termlyexclusionsonroll": exclusions,
        "termlyexclusionsoffroll": [{**row, **_left(row)} for row in exclusions],
    }


def _left(row: dict[str, str]) -> dict[str, str]:
    return {"pupilnolongeronrolltableid": row["pupilonrolltableid"].replace("p", "q"), "NativeId": "SCH0"}


def as_csv(name: str, rows: Iterable[dict[str, str]]) -> str:
    """Return a table as its file; the columns are those of its first row, and `tableid` gets the name of the table."""
    rows = list(rows)
    drop = "pupilonrolltableid" if name.endswith(("offroll", "nolongeronroll")) else "\0"
    columns = [column for column in rows[0] if column != drop]
    heads = [f"{name}tableid" if column == "tableid" else column for column in columns]
    lines = [",".join(heads), *(",".join(row[column] for column in columns) for row in rows)]
    return "\n".join(lines) + "\n"
