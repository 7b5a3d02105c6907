"""File names in Chinese: in headers, queries, forms and archives of every origin; never a path, never a person."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.doors.web.models import TakenOut
from adapter.doors.web.names import decoded, file_name, is_safe
from tests.support.service import ROOT, Running, serving, settings_for

ZLHIS = "songquan_county"
EXPORT = ROOT / "fixtures" / "his" / "zlhis" / ZLHIS / "export"
FILES = {path.name: path.read_bytes() for path in sorted(EXPORT.glob("*.tsv"))}
STAYS = "病案主页.tsv"


def zipped_utf8() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, body in FILES.items():
            archive.writestr(f"导出/{name}", body)
    return out.getvalue()


def zipped_as(encoding: str) -> bytes:
    """Without the flag that says UTF-8, as Chinese Windows and some tools write it."""
    plain = {name: f"{number:0{len(name.encode(encoding))}}" for number, name in enumerate(FILES)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, body in FILES.items():
            archive.writestr(plain[name], body)
    data = out.getvalue()
    for name, stand_in in plain.items():
        data = data.replace(stand_in.encode(), name.encode(encoding))
    return data


def tarred(encoding: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT, encoding=encoding) as archive:
        for name, body in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return out.getvalue()


def form(disposition: bytes) -> tuple[bytes, dict[str, str]]:
    """A form whose parts have that disposition; ``%n`` is the name."""
    parts = []
    for name, body in FILES.items():
        header = (
            disposition.replace(b"%u", name.encode())
            .replace(b"%g", name.encode("gb18030"))
            .replace(b"%q", quote(name).encode())
        )
        parts.append(b"--b\r\nContent-Disposition: form-data; name=file; " + header + b"\r\n\r\n" + body + b"\r\n")
    return b"".join(parts) + b"--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}


def codes(answer: httpx.Response) -> set[str]:
    return {issue["code"] for issue in answer.json()["issues"]}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(settings_for(tmp_path_factory.mktemp("names"), max_body_bytes=2_000_000)) as running:
        yield running


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (zipped_utf8(), {}),
        (zipped_as("gb18030"), {}),
        (zipped_as("utf-8"), {}),
        (tarred("utf-8"), {}),
        (tarred("gb18030"), {}),
        form(b'filename="%u"'),
        form(b'filename="%g"'),
        form(b"filename*=UTF-8''%q"),
        form(b"filename=\"export.tsv\"; filename*=utf-8'zh'%q"),
    ],
    ids=["zip", "zip gbk", "zip unflagged utf-8", "tar", "tar gbk", "form", "form gbk", "form extended", "form both"],
)
def test_an_export_with_chinese_names_comes_in(service: Running, body: bytes, headers: dict[str, str]) -> None:
    answer = service.http.post(f"/his/{ZLHIS}?dry_run=true", content=body, headers=headers)
    taken = TakenOut.model_validate(answer.json())
    assert (answer.status_code, sorted(taken.files)) == (200, sorted(FILES))
    assert {stay.fate for stay in taken.stays} == {"opened"}


def test_it_is_recorded_as_from_the_files(tmp_path: Path) -> None:
    with serving(settings_for(tmp_path)) as service:
        files = [("file", (name, body)) for name, body in FILES.items()]
        taken = TakenOut.model_validate(service.http.post(f"/his/{ZLHIS}", files=files).json())
        assert taken.outcome in ("complete", "partial")
        assert len(service.http.get("/cases").json()["cases"]) == len(taken.stays) > 0


def test_a_single_body_streamed_with_its_name_in_a_header_or_the_query(service: Running) -> None:
    body = FILES[STAYS]
    path = f"/his/{ZLHIS}?dry_run=true"
    chunks = [body[at : at + 100] for at in range(0, len(body), 100)]
    answers = [service.http.post(f"{path}&name={quote(STAYS)}", content=iter(chunks))]
    for given_name in (f"filename*=UTF-8''{quote(STAYS)}", f'filename="{STAYS}"'):
        header = (b"Content-Disposition", f"attachment; {given_name}".encode())
        answers.append(service.http.post(path, content=iter(chunks), headers=[header]))
    for answer in answers:
        assert answer.json()["files"] == [STAYS]
        assert {stay["fate"] for stay in answer.json()["stays"]} == {"parked"}  # the other tables are missing


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("张三.tsv", "API-820"),
        ("张三病案主页.tsv", "API-820"),
        ("../病案主页.tsv", "API-805"),
        ("病案／主页.tsv", "API-805"),
        ("病案\u202e主页.tsv", "API-805"),
        ("病案\x07主页.tsv", "API-805"),
        ("病案\ufffd主页.tsv", "API-805"),
        (".病案主页.tsv", "API-805"),
        ("病" * 100 + ".tsv", "API-805"),
    ],
)
def test_names_that_are_refused_are_not_repeated(service: Running, name: str, code: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, b"x")
    answers = [service.http.post(f"/his/{ZLHIS}?dry_run=true", content=out.getvalue())]
    if "/" not in name:
        answers.append(service.http.post(f"/his/{ZLHIS}?dry_run=true&name={quote(name)}", content=b"x"))
    for answer in answers:
        assert (answer.status_code, codes(answer)) == (422, {code})
        assert "病" not in answer.text and "张三" not in answer.text


def test_a_table_may_carry_its_day(service: Running) -> None:
    answer = service.http.post(f"/his/{ZLHIS}?dry_run=true&name={quote('病案主页-20210305.tsv')}", content=FILES[STAYS])
    assert answer.json()["files"] == ["病案主页-20210305.tsv"]


@given(st.binary(max_size=60))
def test_any_bytes_give_some_name_and_a_safe_one_is_one_part_of_a_path(raw: bytes) -> None:
    name = decoded(raw)
    if is_safe(name):
        assert Path(name).name == name and not name.startswith(".") and name.isprintable()


@given(st.binary(max_size=120))
def test_any_disposition_can_be_read(raw: bytes) -> None:
    file_name(b"attachment; filename" + raw)
