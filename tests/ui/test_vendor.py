"""Vendored files are exactly those the manifest names."""

import hashlib
import json
from pathlib import Path

import pytest

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"
ENTRIES = json.loads((VENDOR / "manifest.json").read_text())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_file_has_the_hash_of_the_manifest(entry: dict[str, str]) -> None:
    content = (VENDOR / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert entry["name"]
    assert entry["version"]
    assert entry["licence"]


def test_nothing_else_lies_in_the_folder() -> None:
    found = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    assert found == {entry["file"] for entry in ENTRIES} | {"manifest.json"}


def test_each_package_brings_its_licence() -> None:
    with_licence = {entry["name"] for entry in ENTRIES if entry["from"] == "LICENSE"}
    assert with_licence == {entry["name"] for entry in ENTRIES}
