"""One looked-after return as the single XML file in which it may be sent instead of its CSV files."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

#: Tables that have an element of their own in the header of a child, one per row.
_ELEMENTS = {
    "reviews": "AREVIEW",
    "missing": "AMISSING",
    "oc2": "OC2",
    "previous_permanence": "PERMANENCE",
    "placed_for_adoption": "AD_PLACED",
}
#: Tables whose items stand in the header of a child itself.
_IN_HEADER = ("oc3", "ad1")
_NAMED_DIFFERENTLY = {"CHILD": "CHILDID", "PLACE": "PL"}
_Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def return_xml(tables: Mapping[str, _Table]) -> bytes:
    """Return the XML form of a return.

    Social workers and deprivation of liberty have no published XML form and are left out.

    Args:
        tables: Columns and rows by name of the table, as in the CSV files.
    """
    by_child = {
        name: _rows_by_child(columns, rows) for name, (columns, rows) in tables.items() if name != "social_workers"
    }
    root = ElementTree.Element("EXPSSDA903")
    known = {**by_child["header"], **by_child.get("oc3", {})}
    for child in sorted(known):
        entry = ElementTree.SubElement(root, "CHILD")
        header = ElementTree.SubElement(entry, "HEADER")
        # A care leaver is known by the care leaver's row alone.
        (person,) = by_child["header"].get(child) or [{"CHILD": child, "DOB": known[child][0]["DOB"]}]
        _write(header, person)
        asylum = by_child.get("uasc", {}).get(child, [])
        _write(header, {"UASC": "1" if asylum else "0", "DUC": asylum[0]["DUC"] if asylum else ""})
        for name, element in _ELEMENTS.items():
            for row in by_child.get(name, {}).get(child, []):
                _write(ElementTree.SubElement(header, element), _without_person(row))
        for name in _IN_HEADER:
            for row in by_child.get(name, {}).get(child, []):
                _write(header, _without_person(row))
        for row in by_child["episodes"].get(child, []):
            _write(ElementTree.SubElement(entry, "EPISODE"), {key: row[key] for key in row if key != "CHILD"})
    ElementTree.indent(root, space="")
    return ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True)


def _rows_by_child(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, list[dict[str, str]]]:
    found = defaultdict(list)
    for row in rows:
        if row:
            named = dict(zip(columns, row, strict=True))
            found[named["CHILD"]].append(named)
    return dict(found)


def _without_person(row: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in row.items() if key not in {"CHILD", "DOB"}}


def _write(parent: ElementTree.Element, items: Mapping[str, str]) -> None:
    for name, value in items.items():
        ElementTree.SubElement(parent, _NAMED_DIFFERENTLY.get(name, name)).text = value or None
