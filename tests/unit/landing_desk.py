"""A raw folder and a warehouse for the landing tests: put files in, land them, look at what became of them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from dagster_project.landing import load
from dagster_project.landing.inventory import Inventory, take_inventory
from dagster_project.landing.load import LandedFile
from dagster_project.sources.catalogue import load_catalogue, sources_of

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load_catalogue(ROOT / "dbt" / "models" / "staging")
SHARED_DATA = (ROOT / ".." / "shared" / "data").resolve()
NOW = datetime(2026, 5, 1, 9, 0)

CLA = "published/ees/cla_number_and_rate_per_10k_children/2025/cla.csv"
CLA_HEADER = (
    "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,old_la_code,"
    "la_name,new_la_code,population_type,population_estimate,children_count,rate_per_10000"
)
HEADER_CSV = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB"
EPISODES_CSV = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN"


def cla_row(area: str = "North", value: str = "10") -> str:
    """Return one row of the looked-after file; `area` is the authority's name, `value` its count."""
    return f"2025,Reporting year,Local authority,E92000001,England,E1,Region,901,{area},E08,At 31 March,100,{value},1.5"


def episode(child: str = "C1", decom: str = "01/05/2022", place: str = "U1") -> str:
    """Return one episode row of an invented child."""
    return f"{child},{decom},S,V2,N1,{place},PR1,,,,,,"


class Desk:
    """Files go in with `put`, `land` runs one landing of all sources, the rest looks at the warehouse."""

    def __init__(self, folder: Path) -> None:
        self.raw = folder / "raw"
        self.raw.mkdir()
        self.connection = duckdb.connect()
        self.connection.execute("SET threads = 1")
        load.prepare(self.connection, CATALOGUE)

    def put(self, relative: str, content: str | bytes) -> Path:
        """Write a file below raw/; text is written as UTF-8 with the line ends it has."""
        path = self.raw / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def inventory(self) -> Inventory:
        """Take the inventory of raw/ as it is now."""
        return take_inventory(self.raw, CATALOGUE)

    def land(self, rejected: Mapping[str, str] | None = None, *, settle: bool = True) -> list[LandedFile]:
        """Land every source once; `rejected` maps file paths to the messages of failed raw suites."""
        inventory = self.inventory()
        landed = load.register_others(self.connection, inventory, now=NOW)
        for source in sources_of(CATALOGUE):
            found = load.land_source(self.connection, source, CATALOGUE, inventory, now=NOW, announce=lambda text: None)
            landed += found
            if settle:
                told = rejected or {}
                refused = {file.file_id: told[file.file_path] for file in found if file.file_path in told}
                load.settle(self.connection, source, CATALOGUE, inventory, refused)
        return landed

    def files(self, columns: str = "status, use, rows_landed, rows_loaded, rows_quarantined") -> list[tuple]:
        """Return columns of the register, in path, issue and table order."""
        columns = columns.replace("use", '"use"')
        return self.connection.execute(
            f"SELECT {columns} FROM landing.source_file ORDER BY file_path, issue_number, table_name"
        ).fetchall()

    def message(self) -> str:
        """Return the messages of the register, one per line."""
        return "\n".join(row[0] for row in self.files("message") if row[0])

    def quarantined(self) -> list[tuple]:
        """Return row number, reason, severity and text of every quarantined row."""
        return self.connection.execute(
            "SELECT row_number, reason, severity, raw_text FROM landing.quarantine ORDER BY ALL"
        ).fetchall()

    def column(self, table: str, column: str) -> list[str | None]:
        """Return one raw column of a table in row order."""
        rows = self.connection.execute(f'SELECT "{column}" FROM {table} ORDER BY "_file_id", "_row_number"').fetchall()
        return [row[0] for row in rows]

    def failed_checks(self) -> set[tuple[str, str, str]]:
        """Return table, check and severity of every landing check that failed."""
        return set(
            self.connection.execute(
                "SELECT table_name, check_id, severity FROM quality.check_result WHERE outcome = 'fail'"
            ).fetchall()
        )

    def state(self, source: str) -> str:
        """Return how a source stands."""
        found = self.connection.execute("SELECT status FROM landing.source_state WHERE source_id = ?", [source])
        row = found.fetchone()
        return row[0] if row else ""
