-- The register of files. A table reads its files in use and, for published sources, the earlier issues of the same path
-- as older vintages; personal sources keep no earlier issue.
select
    file_id,
    source_id,
    table_name,
    file_path,
    file_name,
    sha256,
    byte_size,
    encoding,
    received_at,
    release,
    as_at,
    layout,
    vintage_id,
    issue_number,
    rows_landed,
    rows_loaded,
    rows_quarantined,
    status,
    message,
    "use" as file_use,
    is_synthetic,
    "use" in ('current', 'stale') as is_in_use,
    "use" in ('current', 'stale', 'superseded') as is_read
from {{ source('landing', 'source_file') }}
