"""The JSON Schemas under docs/schemas."""

from pathlib import Path

import pytest

from topics.codec import SCHEMAS
from topics.schemas import documents, json_schema, write

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"


def test_the_schemas_in_docs_are_current() -> None:
    """What stands in docs is what the records say today."""
    found = {path.name: path.read_bytes() for path in FOLDER.iterdir()}

    assert found == documents(), "run: python -m topics.schemas docs/schemas"


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_describes_every_field_of_its_record_without_python_examples(name: str) -> None:
    """Readers of other languages get prose, names and limits."""
    schema = json_schema(name)
    record = schema["$defs"][SCHEMAS[name].__name__]

    assert set(record["properties"]) == set(SCHEMAS[name].__struct_fields__)
    assert all(part["description"] and ">>>" not in part["description"] for part in schema["$defs"].values())


def test_writing_changes_only_what_is_not_current_and_removes_what_is_gone(tmp_path: Path) -> None:
    """A second run says that nothing changed."""
    (tmp_path / "gone.v1.json").write_bytes(b"{}")

    first = write(tmp_path)
    (tmp_path / "play.v1.json").write_bytes(b"{}")
    second = write(tmp_path)

    assert first == sorted(["gone.v1.json", *documents()])
    assert second == ["play.v1.json"]
    assert write(tmp_path) == []
