"""Exports over HTTP: forms of sending, bad files, limits, what an archive may not do."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from adapter.doors.web.models import Problem, StayOut, TakenOut
from tests.support.messages import WINNING, home
from tests.support.service import BAD, EXPORT, SOURCE, Running, serving, settings_for, zipped


def tarred(folder: Path, mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for path in sorted(folder.glob("*.xml")):
            archive.add(path, f"export/{path.name}")
    return out.getvalue()


def send(service: Running, body: bytes, **headers: str) -> httpx.Response:
    return service.http.post(f"/his/{SOURCE}", params={"dry_run": "true"}, content=body, headers=headers)


def codes(answer: httpx.Response) -> set[str]:
    return {issue["code"] for issue in answer.json()["issues"]}


@pytest.mark.parametrize(
    "post",
    [
        lambda http, path: http.post(path, content=zipped(EXPORT)),
        lambda http, path: http.post(path, content=zipped(EXPORT, "export/2021/")),
        lambda http, path: http.post(path, content=tarred(EXPORT)),
        lambda http, path: http.post(path, content=tarred(EXPORT, "w:gz")),
        lambda http, path: http.post(
            path, files=[("file", (each.name, each.read_bytes())) for each in sorted(EXPORT.glob("*.xml"))]
        ),
        lambda http, path: http.post(path, files={"file": ("export.zip", zipped(EXPORT))}),
    ],
    ids=["zip", "zip with folders", "tar", "tar.gz", "form", "form with a zip"],
)
def test_every_way_of_sending_gives_the_same(
    service: Running, post: Callable[[httpx.Client, str], httpx.Response]
) -> None:
    answer = post(service.http, f"/his/{SOURCE}?dry_run=true")
    assert answer.status_code == 200
    taken = TakenOut.model_validate(answer.json())
    assert taken.files == sorted(path.name for path in EXPORT.glob("*.xml"))
    assert taken.outcome == "partial"
    assert {stay.stay_key for stay in taken.stays if stay.fate == "parked"} == {"300010018"}
    assert service.http.get("/cases").json()["cases"] == []  # a dry run writes nothing


def test_a_single_file_is_named_by_parameter_or_header(service: Running) -> None:
    body = (EXPORT / "ZY_BRRY.xml").read_bytes()
    path = f"/his/{SOURCE}?dry_run=true"
    named = service.http.post(f"{path}&name=ZY_BRRY.xml", content=body)
    by_header = service.http.post(
        path, content=body, headers={"Content-Disposition": 'attachment; filename="ZY_BRRY.xml"'}
    )
    assert named.json()["files"] == by_header.json()["files"] == ["ZY_BRRY.xml"]
    unnamed = service.http.post(path, content=body)
    assert (unnamed.status_code, codes(unnamed)) == (422, {"API-805"})
    assert named.json()["outcome"] == "partial"  # every stay lacks its lines and would wait
    assert {stay["fate"] for stay in named.json()["stays"]} == {"parked"}


def test_the_same_export_twice_changes_nothing(tmp_path: Path) -> None:
    with serving(settings_for(tmp_path)) as service:
        first = TakenOut.model_validate(service.take_in(EXPORT).json())
        cases = service.http.get("/cases").json()
        again = TakenOut.model_validate(service.take_in(EXPORT).json())
        assert {stay.fate for stay in first.stays} == {"opened", "parked"}
        assert {stay.fate for stay in again.stays} == {"unchanged", "parked"}
        assert again.known_files == len(again.files) == 7
        assert again.parked == first.parked
        assert service.http.get("/cases").json() == cases


def test_broken_rows_are_parked_and_good_stays_go_on(tmp_path: Path) -> None:
    with serving(settings_for(tmp_path)) as service:
        answer = service.take_in(BAD / "unknown_code" / "export")
        taken = TakenOut.model_validate(answer.json())
        assert (answer.status_code, taken.outcome) == (200, "partial")
        assert {s.stay_key: s.fate for s in taken.stays} == {
            "300090001": "opened",
            "300090002": "parked",
            "300090003": "opened",
        }
        [parked_id] = taken.parked
        shown = service.http.get(f"/parked/{parked_id}").json()
        assert [(i["code"], i["pointer"]) for i in shown["issues"] if i["severity"] == "error"] == [
            ("MAP-104", "ZY_BRRY.xml#2/BRXB")
        ]
        assert all(i["zh"] and i["en"] and i["hint_zh"] and i["hint_en"] for i in shown["issues"])
        assert [row["id"] for row in service.http.get("/parked").json()["parked"]] == [parked_id]
        replayed = service.http.post(f"/parked/{parked_id}/replay")
        assert replayed.status_code == 409  # the cause is not fixed
        assert StayOut.model_validate(replayed.json()).fate == "parked"


def test_malformed_xml_holds_what_hangs_on_it(tmp_path: Path) -> None:
    with serving(settings_for(tmp_path)) as service:
        taken = TakenOut.model_validate(service.take_in(BAD / "malformed_xml" / "export").json())
        assert taken.outcome == "partial"
        assert [(s.stay_key, s.fate) for s in taken.stays] == [("300090001", "opened")]
        assert "SRC-101" in {issue.code for issue in taken.issues}
        cut = TakenOut.model_validate(service.take_in(BAD / "cut_in_the_middle" / "export").json())
        assert {s.fate for s in cut.stays} == {"parked"}
        assert len(cut.parked) == 3


def test_nothing_usable_is_no_success(service: Running) -> None:
    answer = service.http.post(f"/his/{SOURCE}?name=ZY_BRRY.xml", content=b"<msg><row>")
    assert (answer.status_code, answer.json()["outcome"]) == (422, "refused")
    assert "SRC-101" in codes(answer)
    for body, kind in ((b"", "application/xml"), (zipped(Path("nowhere")), "application/zip")):
        empty = send(service, body, **{"Content-Type": kind})
        assert (empty.status_code, codes(empty)) == (422, {"API-804"})


def test_an_unknown_source_is_told_before_anything_is_read(service: Running) -> None:
    answer = service.http.post("/his/nowhere?name=ZY_BRRY.xml", content=b"x")
    assert (answer.status_code, codes(answer)) == (404, {"MAP-112"})
    Problem.model_validate(answer.json())


def test_too_large_a_body_is_refused_declared_or_not(service: Running) -> None:
    chunk = b"<row></row>" * 6000
    declared = send(service, chunk * 31)
    assert (declared.status_code, codes(declared)) == (413, {"API-802"})
    streamed = service.http.post(f"/his/{SOURCE}", content=(chunk for _ in range(31)))
    assert (streamed.status_code, codes(streamed)) == (413, {"API-802"})
    json = service.http.post("/deposits/check", content=b" " * 70_000)
    assert (json.status_code, codes(json)) == (413, {"API-802"})


def archive(entries: list[tuple[zipfile.ZipInfo | str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in entries:
            made.writestr(name, body)
    return out.getvalue()


def special(kind: bytes, name: str = "ZY_BRRY.xml", target: str = "/etc/passwd") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, target
        made.addfile(entry)
    return out.getvalue()


def long_header() -> bytes:
    """A tar whose extended header claims 100 MiB: tarfile would read it into memory."""
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.XHDTYPE, 100 << 20
    return gzip.compress(entry.tobuf() + bytes(1024))


def swollen_directory() -> bytes:
    """A ZIP whose end record claims 60,000 entries."""
    plain = archive([("ZY_BRRY.xml", b"<msg/>")])
    end = plain.rfind(b"PK\x05\x06")
    return plain[: end + 8] + struct.pack("<HH", 60_000, 60_000) + plain[end + 12 :]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (archive([("../../ZY_BRRY.xml", b"x")]), 422, "API-805"),
        (archive([("/etc/ZY_BRRY.xml", b"x")]), 422, "API-805"),
        (archive([("a\\..\\ZY_BRRY.xml", b"x")]), 422, "API-805"),
        (archive([("张三.xml", b"x")]), 422, "API-820"),
        (archive([("a/ZY_BRRY.xml", b"x"), ("b/ZY_BRRY.xml", b"y")]), 422, "API-805"),
        (archive([(f"ZY_BRRY-{n:08}.xml", b"x") for n in range(201)]), 413, "API-807"),
        (archive([(f"ZY_BRRY-{n:08}.xml", b"x") for n in range(401)]), 413, "API-807"),
        (archive([("ZY_BRRY.xml", b"0" * 6_000_000)]), 413, "API-807"),  # one entry grows too much
        (archive([(f"ZY_BRRY-{n}.xml", b"0" * 1_200_000) for n in range(15)]), 413, "API-807"),  # all together
        (archive([("ZY_BRRY.xml", b"x" * 900)])[:-30], 422, "API-806"),
        (swollen_directory(), 413, "API-807"),
        (special(tarfile.SYMTYPE), 422, "API-806"),
        (special(tarfile.LNKTYPE), 422, "API-806"),
        (special(tarfile.CHRTYPE), 422, "API-806"),
        (special(tarfile.REGTYPE, "../ZY_BRRY.xml"), 422, "API-805"),
        (long_header(), 413, "API-807"),
        (gzip.compress(tarred(EXPORT))[:-4000], 422, "API-806"),
        (gzip.compress(b"<msg/>"), 422, "API-806"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_archives_that_mean_harm_are_refused(service: Running, body: bytes, status: int, code: str) -> None:
    answer = send(service, body)
    assert (answer.status_code, codes(answer)) == (status, {code})
    assert "张三" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="ZY_BRRY.xml"\r\n\r\n<msg>',
        b"no boundary at all",
    ],
)
def test_a_cut_form_is_refused(service: Running, body: bytes) -> None:
    answer = send(service, body, **{"Content-Type": "multipart/form-data; boundary=b"})
    assert (answer.status_code, codes(answer)) == (422, {"API-806"})


def test_uploads_leave_nothing_behind(service: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert send(service, zipped(EXPORT)).status_code == 200
    assert send(service, archive([("../x.xml", b"x")])).status_code == 422
    assert list(tmp_path.iterdir()) == []


def test_messages_come_in_like_any_export(tmp_path: Path) -> None:
    export = home(WINNING) / "export"
    files = [("file", (path.name, path.read_bytes())) for path in sorted(export.glob("*.hl7"))]
    with serving(settings_for(tmp_path)) as service:
        fees, registrations = (
            TakenOut.model_validate(service.http.post(f"/his/{WINNING}", files=[each]).json()) for each in files[::-1]
        )
        assert (fees.outcome, {stay.fate for stay in fees.stays}) == ("partial", {"parked"})
        assert (registrations.outcome, {stay.fate for stay in registrations.stays}) == ("complete", {"opened"})
        assert len(service.http.get("/cases").json()["cases"]) == len(registrations.stays) == 5
        assert service.http.get("/parked").json()["parked"] == []
