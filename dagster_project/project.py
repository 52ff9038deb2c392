"""Where things are: the folders of the project and of one data directory. Only folders are made here."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DBT_DIR = ROOT / "dbt"
STAGING_DIR = DBT_DIR / "models" / "staging"
_CODE = {
    "dagster_project": ("*.py", "*.csv", "*.jinja", "*.css"),
    "dbt": ("*.sql", "*.yml", "*.csv", "*.md"),
    "expectations": ("*.py",),
}


@dataclass(frozen=True)
class DataFolders:
    """The folders under `--data`. Person-level data is in `restricted` and nowhere else."""

    data: Path

    @property
    def restricted(self) -> Path:
        """Warehouse, inventory and working files; mode 0700."""
        return self.data / "restricted"

    @property
    def warehouse(self) -> Path:
        """The one database that is written to; analysts never open it."""
        return self.restricted / "warehouse.duckdb"

    @property
    def inventory_cache(self) -> Path:
        """Hashes of raw files beside their size and times."""
        return self.restricted / "inventory.json"

    @property
    def dbt_target(self) -> Path:
        """What dbt compiles; SQL only, but it stays beside the warehouse it was compiled for."""
        return self.restricted / "dbt"

    @property
    def published(self) -> Path:
        """Published versions of the officer variant."""
        return self.data / "published" / "officer"

    @property
    def published_file(self) -> Path:
        """The path that readers open; a link to the current version."""
        return self.published / "children.duckdb"

    @property
    def versions(self) -> Path:
        """One folder per published version, never changed once it has its name."""
        return self.published / "versions"

    @property
    def plan_list(self) -> Path:
        """What the last `cfp plan` said would change, figure by figure. Not yet published, so it is restricted."""
        return self.restricted / "plan" / "plan.csv"

    def edition(self, edition_id: str) -> Path:
        """Outputs of one edition, officer variant."""
        return self.data / "editions" / edition_id / "officer"

    @property
    def findings(self) -> Path:
        """Lists of rows to correct, a folder per source and return, for those who may see the children's records."""
        return self.restricted / "findings"

    @property
    def fetched(self) -> Path:
        """What is fetched and not complete yet; a folder per data set, empty once it is landed."""
        return self.restricted / "fetch"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage: runs, events, schedules. Holds counts and names, no figures of children."""
        return self.data / "dagster"

    def create(self) -> None:
        """Create the folders; the restricted one can be entered by its owner only."""
        self.restricted.mkdir(parents=True, exist_ok=True)
        self.restricted.chmod(0o700)
        self.versions.mkdir(parents=True, exist_ok=True)


def code_fingerprint(root: Path = ROOT) -> str:
    """Return one hash over everything that figures are made with: Python, SQL, seeds, declarations, templates, lock."""
    digest = hashlib.sha256()
    files = [root / "requirements.lock"]
    for folder, patterns in _CODE.items():
        files += [file for file in own_files(root / folder) if any(file.match(pattern) for pattern in patterns)]
    for file in sorted(files):
        digest.update(f"{file.relative_to(root).as_posix()}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def own_files(folder: Path) -> list[Path]:
    """Return the files below a folder of the project, without what dbt writes there.

    dbt's target folder is not even looked into: another process may make and remove folders there at this moment.
    """
    entries = [entry for entry in folder.iterdir() if entry.name not in {"target", "logs"}]
    found = [file for entry in entries for file in ([entry] if entry.is_file() else entry.rglob("*"))]
    return sorted(file for file in found if file.is_file())
