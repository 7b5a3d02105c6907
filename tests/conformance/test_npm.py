"""``npm install package.tgz``: our packages are packages for npm as well, beside HL7's own on which they depend."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from adapter import __version__
from adapter.fhir.package.archive import packed
from adapter.fhir.package.variants import VARIANTS
from tests.conformance import strangers
from tests.support.fhir_packages import built_package

pytestmark = pytest.mark.slow


def _core(folder: Path, name: str, version: str) -> Path:
    """A stand-in for HL7's own package: its name and version, which is all that npm looks at."""
    path = folder / f"{name}.tgz"
    manifest = json.dumps({"name": name, "version": version}).encode()
    with tarfile.open(path, mode="w:gz") as tar:
        entry = tarfile.TarInfo("package/package.json")
        entry.size = len(manifest)
        tar.addfile(entry, io.BytesIO(manifest))
    return path


@pytest.mark.parametrize("key", VARIANTS)
def test_npm_installs_it(key: str, tmp_path: Path) -> None:
    variant, ours = VARIANTS[key], built_package(key)
    archive = tmp_path / "package.tgz"
    archive.write_bytes(packed(ours))
    core = _core(tmp_path, variant.core, variant.fhir_version)
    home = tmp_path / "home"
    home.mkdir()
    strangers.npm_install(home, core, archive)
    installed = home / "node_modules" / variant.name
    manifest = json.loads((installed / "package.json").read_text(encoding="utf-8"))
    assert (manifest["name"], manifest["version"]) == (variant.name, __version__)
    listed = json.loads((installed / ".index.json").read_text(encoding="utf-8"))["files"]
    assert len(listed) == len(ours.definitions)
    assert all((installed / each["filename"]).is_file() for each in listed)
    assert len(list((installed / "example").glob("*.json"))) == len(ours.examples) + 1  # and the index
