"""File names as senders write them: in headers, forms and archives, in any script; and which of them are safe (文件名).

Names are only ever the last part of a path. UTF-8 is the rule (RFC 6266, RFC 7578, the language flag of ZIP); where
bytes are no UTF-8 they are read as GB18030, which Chinese Windows writes.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import file_digest
from pathlib import Path
from urllib.parse import unquote_to_bytes

from python_multipart.multipart import parse_options_header

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_EXTENDED = re.compile(rb";\s*filename\*\s*=\s*\"?([A-Za-z0-9-]+)'[^']*'([^;\"\s]+)", re.IGNORECASE)
_CHARSETS = {"utf-8": "utf-8", "utf8": "utf-8", "gbk": "gb18030", "gb2312": "gb18030", "gb18030": "gb18030"}
_BETWEEN = frozenset("._-()()")
_LONGEST, _LONGEST_BYTES = 100, 240


def is_plain(name: str) -> bool:
    """Whether a name is short ASCII without anything that could mean a path or a person."""
    return _PLAIN.fullmatch(name) is not None


def is_safe(name: str) -> bool:
    """Whether a file may be called so: letters and digits of any script, with dots, hyphens and brackets between.

    No separator of paths in any width, no control, no direction mark, no blank; normal form C.

    >>> is_safe("住院费用记录.tsv"), is_safe("../住院.tsv"), is_safe("住院／费用.tsv"), is_safe(".hidden")
    (True, False, False, False)
    """
    if not name or len(name) > _LONGEST or len(name.encode("utf-8", "replace")) > _LONGEST_BYTES:
        return False
    if not name[0].isalnum() or name.endswith(".") or unicodedata.normalize("NFC", name) != name:
        return False
    return all(each in _BETWEEN or unicodedata.category(each)[0] in "LMN" for each in name)


#: How a body of FHIR ends its name.
_FHIR = {
    b"application/fhir+json": ".json",
    b"application/fhir+ndjson": ".ndjson",
    b"application/fhir+xml": ".xml",
}


def bundle_name(body: Path, content_type: str) -> str | None:
    """A name for FHIR that came without one: the same content has the same name. None for any other content."""
    suffix = _FHIR.get(parse_options_header(content_type)[0])
    if suffix is None:
        return None
    with body.open("rb") as stream:
        return f"fhir-{file_digest(stream, 'sha256').hexdigest()[:16]}{suffix}"


def decoded(raw: bytes) -> str:
    """Bytes of a name as text: UTF-8, else GB18030; else characters that no name may hold."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return unicodedata.normalize("NFC", raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "replace")


def file_name(disposition: bytes) -> str | None:
    """The file name of a Content-Disposition, or None. ``filename*`` goes before ``filename`` (RFC 6266).

    >>> file_name(b"attachment; filename=x.tsv; filename*=UTF-8''%E4%BD%8F%E9%99%A2.tsv")
    '住院.tsv'
    """
    extended = _EXTENDED.search(disposition)
    if extended is not None and (charset := _CHARSETS.get(extended[1].decode("ascii").lower())) is not None:
        return unicodedata.normalize("NFC", unquote_to_bytes(extended[2]).decode(charset, "replace"))
    plain = parse_options_header(disposition)[1].get(b"filename")
    return None if plain is None else decoded(plain)
