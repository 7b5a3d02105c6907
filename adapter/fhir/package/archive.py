"""The package as ``package.tgz``: the form of FHIR's NPM packages, the same bytes for the same content. 打包。"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from typing import Any

from adapter.fhir.canonical import pretty
from adapter.fhir.elements import Resource
from adapter.fhir.identity import CANON
from adapter.fhir.package.contents import Package, file_name

#: What an index says of a resource, beside its file.
_INDEXED = ("resourceType", "id", "url", "version", "kind", "type", "derivation", "supplements", "content", "valueSet")


def packed(package: Package) -> bytes:
    """The bytes of ``package.tgz``."""
    definitions = {file_name(each): each for each in package.definitions}
    files = {"package/package.json": pretty(manifest(package)), **_folder("package", definitions)}
    files |= _folder("package/example", package.examples)
    return _tar_gz(files)


def manifest(package: Package) -> Resource:
    """``package.json``."""
    variant = package.variant
    return {
        "name": variant.name,
        "version": package.version,
        "tools-version": 3,
        "type": "IG",
        "date": f"{package.released:%Y%m%d}000000",
        "license": "Apache-2.0",
        "canonical": CANON,
        "url": CANON,
        "title": variant.title,
        "description": package.description,
        "fhirVersions": [variant.fhir_version],
        "dependencies": {variant.core: variant.fhir_version},
        "author": "Pay-after-care settlement adapter",
        "jurisdiction": "urn:iso:std:iso:3166#CN",
        "directories": {"lib": "package", "example": "example"},
    }


def index(files: Mapping[str, Mapping[str, Any]]) -> Resource:
    """``.index.json`` of a folder."""
    return {
        "index-version": 2,
        "files": [
            {"filename": name, **{key: each[key] for key in _INDEXED if isinstance(each.get(key), str)}}
            for name, each in sorted(files.items())
        ],
    }


def _folder(name: str, resources: Mapping[str, Resource]) -> dict[str, bytes]:
    return {
        f"{name}/.index.json": pretty(index(resources)),
        **{f"{name}/{file}": pretty(each) for file, each in sorted(resources.items())},
    }


def _tar_gz(files: Mapping[str, bytes]) -> bytes:
    """Files in their order, without owner, time or anything else of the machine."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(content), 0o644, 0
            tar.addfile(entry, io.BytesIO(content))
    packed_ = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed_, mtime=0, compresslevel=9) as file:
        file.write(plain.getvalue())
    return packed_.getvalue()
