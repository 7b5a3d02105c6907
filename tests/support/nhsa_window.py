"""A hospital's window at the simulated bureau of the national platform, in process; written from the published fields.

with Window.at("plain") as window:
    window.sign_in()
    visit = window.stay(A, [line("1", "2201", "1", "1500.00")])
    info = window.good("2304", window.bill(visit, A, "1500.00"))["setlinfo"]
"""

from __future__ import annotations

import asyncio
import atexit
import base64
import functools
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from adapter.counterparts.catalogue import ItemLists, load_catalogue
from adapter.counterparts.faults import Faults, fault_of
from adapter.counterparts.nhsa import gm
from adapter.counterparts.nhsa.bureau import Bureau
from adapter.counterparts.nhsa.faults import OWN, wire_of
from adapter.counterparts.nhsa.fields import Definitions, load_fields
from adapter.counterparts.nhsa.office import Office
from adapter.counterparts.nhsa.region import load_region
from adapter.counterparts.nhsa.seed import Plans, Seed, load_seed
from adapter.counterparts.nhsa.state import state
from adapter.counterparts.nhsa.store import Store
from adapter.counterparts.nhsa.web import build
from tests.support.counterparts import Counterpart

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "fixtures" / "endpoints" / "nhsa"
PLANS = [ROOT / "mappings/plans/test_hunan_composite", HOME / "plans/test_employees", HOME / "plans/test_changed"]
HOSPITAL, DIVISION = "H99990100001", "999900"
#: 测试甲 no aid · 测试乙 registered poor · an employee with account and card · a resident insured elsewhere
A, B, EMPLOYEE, ELSEWHERE = "999900000001", "999900000002", "999900000901", "999900000902"
#: The hospital's SM2 key in the fixtures.
HOSPITAL_KEY = int("11" * 32, 16)
BUREAU_KEY = gm.public_key(int("22" * 32, 16))
#: The bureau's time in tests, seconds since the epoch: 2021-06-20 10:00 at the hospital.
NOW = 1624154400.0

Row = dict[str, Any]


def line(sn: str, item: str, count: str, total: str, **more: str) -> Row:
    """A fee line; the price is what the total says for one."""
    price = more.pop("pric", "") or str(abs(Decimal(total) / Decimal(count)))
    usual = {
        "feedetl_sn": sn,
        "med_type": "2101",
        "fee_ocur_time": "2021-06-02 09:00:00",
        "med_list_codg": item,
        "medins_list_codg": item,
        "det_item_fee_sumamt": total,
        "cnt": count,
        "pric": price,
        "bilg_dept_codg": "1021",
        "bilg_dept_name": "内科",
        "bilg_dr_codg": "D1",
        "bilg_dr_name": "医师一",
    }
    return usual | more


@functools.cache
def _books() -> tuple[Seed, Plans, ItemLists, Definitions]:
    """What every bureau of the tests reads, read once."""
    seed = load_seed(HOME / "seed.yaml")
    lists = ItemLists({code: load_catalogue(hospital.items) for code, hospital in seed.hospitals.items()})
    return seed, Plans.load(PLANS, seed), lists, load_fields(HOME / "fields.yaml")


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """One loop with its threads for every bureau of this process."""
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop


class Wire:
    """HTTP into an application of this process."""

    def __init__(self, app: Any) -> None:
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bureau")

    def post(self, path: str, **more: Any) -> httpx.Response:
        return _loop().run_until_complete(self._client.post(path, **more))

    def get(self, path: str) -> httpx.Response:
        return _loop().run_until_complete(self._client.get(path))

    def close(self) -> None:
        _loop().run_until_complete(self._client.aclose())


@dataclass
class Window:
    """One operator of one hospital."""

    bureau: Bureau
    faults: Faults
    client: Wire | httpx.Client
    facility: str = HOSPITAL
    opter: str = "op1"
    sign_no: str = ""
    counter: int = 0
    last_msgid: str = ""
    sent: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def at(cls, region: str | Path = "plain", *, clock: str = "system", base: str = "") -> Iterator[Window]:
        """A bureau of its own for the length of a ``with`` block; with ``base``, the one that listens there."""
        path = region if isinstance(region, Path) else HOME / "regions" / f"{region}.yaml"
        seed, plans, lists, definitions = _books()
        store = Store(Path(":memory:"))
        office = Office(load_region(path), seed, plans, lists, store, clock == "claim", lambda: NOW)
        bureau = Bureau(office, definitions)
        faults = Faults(wire=wire_of(office.region.gateway))
        app = faults.around(build(bureau, faults), lambda scope: None)
        client = httpx.Client(base_url=base) if base else Wire(app)
        try:
            yield cls(bureau, faults, client)
        finally:
            client.close()
            store.close()

    # -- the wire -------------------------------------------------------------------------------------------------

    def envelope(self, infno: str, given: Row, **more: Any) -> Row:
        """An envelope with a msgid of its own."""
        self.counter += 1
        self.last_msgid = more.get("msgid") or f"{self.facility}20210620100000{self.counter:04d}"
        self.sent.append(self.last_msgid)
        psn_no = next((row["psn_no"] for row in _rows(given) if row.get("psn_no")), "")
        person = self.bureau.office.seed.persons.get(psn_no)
        found = {
            "infno": infno,
            "msgid": self.last_msgid,
            "mdtrtarea_admvs": DIVISION,
            "insuplc_admdvs": (person.division if person else "") or DIVISION,
            "recer_sys_code": "MBS_LOCAL",
            "dev_no": "",
            "dev_safe_info": "",
            "cainfo": "",
            "signtype": "",
            "infver": "V1.0",
            "opter_type": "1",
            "opter": self.opter,
            "opter_name": "经办一",
            "inf_time": "2021-06-20 10:00:00",
            "fixmedins_code": self.facility,
            "fixmedins_name": "测试医院",
            "sign_no": self.sign_no,
            "input": given,
        }
        return found | more

    def signed(self, envelope: Row, moment: float = NOW) -> tuple[Row, dict[str, str]]:
        """The envelope and headers as the region's gateway wants them."""
        gate = self.bureau.office.region.gateway
        plain = json.dumps(envelope["input"], ensure_ascii=False, separators=(",", ":")).encode()
        match gate.scheme:
            case "ak-sk":
                names = {
                    "_api_access_key": gate.key,
                    "_api_name": envelope["infno"],
                    "_api_timestamp": f"{int(moment * 1000)}",
                    "_api_version": "1.0.0",
                }
                text = "&".join(f"{name}={names[name]}" for name in sorted(names))
                mac = hmac.new(gate.secret.encode(), text.encode(), hashlib.sha1).digest()
                return envelope, names | {"_api_signature": base64.b64encode(mac).decode()}
            case "x-tif":
                stamp = str(int(moment))
                digest = hashlib.sha256(f"{stamp}{gate.secret}n1{stamp}".encode()).hexdigest()
                headers = {"x-tif-paasid": gate.key, "x-tif-timestamp": stamp, "x-tif-nonce": "n1"}
                return envelope, headers | {"x-tif-signature": digest}
            case "sm3":
                digest = hashlib.new("sm3", plain + gate.secret.encode()).hexdigest()
                return envelope | {"signtype": "SM3", "cainfo": digest}, {}
            case "sm2-sm4":
                cipher = gm.sm4_encrypt(plain, bytes.fromhex(gate.secret))
                sealed = {"input": base64.b64encode(cipher).decode(), "signtype": "SM2", "enc_type": "SM4"}
                signature = base64.b64encode(gm.sm2_sign(plain, HOSPITAL_KEY)).decode()
                return envelope | sealed | {"cainfo": signature}, {"authorization": f"Bearer {gate.key}"}
            case "sm2-envelope":
                kept = {name: value for name, value in envelope.items() if name not in ("cainfo", "input") and value}
                text = "&".join(f"{name}={kept[name]}" for name in sorted(kept))
                signature = base64.b64encode(gm.sm2_sign(text.encode(), HOSPITAL_KEY)).decode()
                return envelope | {"cainfo": signature}, {}
            case _:
                return envelope, {}

    def post(self, infno: str, given: Row, *, moment: float = NOW, **more: Any) -> Any:
        """The HTTP answer of one transaction."""
        envelope, headers = self.signed(self.envelope(infno, given, **more), moment)
        body = json.dumps(envelope, ensure_ascii=False).encode()
        return self.client.post(f"/nhsa/{infno}", content=body, headers=headers)

    def call(self, infno: str, given: Row, **more: Any) -> Row:
        """The answer's envelope, its output in the clear."""
        answer = dict(json.loads(self.post(infno, given, **more).content, parse_float=Decimal))
        if answer.get("enc_type") == "SM4":
            key = bytes.fromhex(self.bureau.office.region.gateway.secret)
            plain = gm.sm4_decrypt(base64.b64decode(answer["output"]), key)
            assert gm.sm2_verify(plain, base64.b64decode(answer["cainfo"]), BUREAU_KEY)
            answer["output"] = json.loads(plain, parse_float=Decimal)
        return answer

    def good(self, infno: str, given: Row, **more: Any) -> Row:
        """The output of a transaction that must succeed."""
        answer = self.call(infno, given, **more)
        assert str(answer["infcode"]) == "0" and answer["err_msg"] in ("", None, "成功"), answer
        return dict(answer["output"] or {})

    def refused(self, infno: str, given: Row, **more: Any) -> str:
        """err_msg of a transaction that must fail."""
        answer = self.call(infno, given, **more)
        assert str(answer["infcode"]) == "-1", answer
        return str(answer["err_msg"])

    def script(self, *rows: Row) -> None:
        self.faults.script([fault_of(row, OWN) for row in rows])

    def state(self) -> Row:
        return state(self.bureau.office)

    # -- the work -------------------------------------------------------------------------------------------------

    def sign_in(self) -> str:
        """9001, in the layout of the region."""
        given: Row = {"signIn": {"opter_no": self.opter, "mac": "00-00", "ip": "10.0.0.1"}}
        if self.bureau.office.region.sign_in.answer == "result":
            given = {"data": {"userid": self.opter, "password": "x", "currenttime": "20210620100000"}}
        answer = self.good("9001", given)
        self.sign_no = (answer.get("signinoutb") or answer["result"])["sign_no"]
        return self.sign_no

    def admit(self, psn_no: str, ipt_no: str = "Z1", begins: str = "2021-06-01 08:00:00") -> str:
        """2401; gives mdtrt_id."""
        return str(self.good("2401", admission(self.bureau, psn_no, ipt_no, begins))["result"]["mdtrt_id"])

    def upload(self, mdtrt_id: str, psn_no: str, lines: Sequence[Row]) -> list[Row]:
        rows = [{**row, "mdtrt_id": mdtrt_id, "psn_no": psn_no} for row in lines]
        return list(self.good("2301", {"feedetail": rows})["result"])

    def discharge(self, mdtrt_id: str, psn_no: str, ends: str = "2021-06-09 10:00:00") -> None:
        self.good("2402", leaving(self.bureau, mdtrt_id, psn_no, ends))

    def stay(self, psn_no: str, lines: Sequence[Row], ipt_no: str = "Z1") -> str:
        """Admitted, uploaded, discharged; gives mdtrt_id."""
        mdtrt_id = self.admit(psn_no, ipt_no)
        self.upload(mdtrt_id, psn_no, lines)
        self.discharge(mdtrt_id, psn_no)
        return mdtrt_id

    def bill(self, mdtrt_id: str, psn_no: str, total: str, **more: str) -> Row:
        """The input of 2303 and 2304."""
        person = self.bureau.office.seed.persons[psn_no]
        usual = {
            "psn_no": psn_no,
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": person.certno,
            "psn_cert_type": "01",
            "certno": person.certno,
            "psn_type": person.psn_type,
            "psn_name": person.name,
            "medfee_sumamt": total,
            "psn_setlway": "01",
            "mdtrt_id": mdtrt_id,
            "insutype": person.insutype,
            "acct_used_flag": "0",
            "mid_setl_flag": "0",
            "insuplc_admdvs": person.division or DIVISION,
            "mdtrtarea_admvs": DIVISION,
        }
        return {"data": usual | more}


def identities(sheet: dict[str, Any], *, account_in: bool = False) -> None:
    """The three sums that hold in every published sample."""
    info = {name: Decimal(str(value or 0)) for name, value in sheet["setlinfo"].items() if _is_amount(value)}
    funds = info["fund_pay_sumamt"] - (info["acct_pay"] if account_in else 0)
    assert info["medfee_sumamt"] == funds + info["psn_part_amt"] + info["hosp_part_amt"]
    parts = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    assert info["medfee_sumamt"] == sum(info[name] for name in parts)
    assert info["psn_part_amt"] == info["acct_pay"] + info["psn_cash_pay"]
    fields = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay")
    assert funds == sum(info[name] for name in fields)


def _is_amount(value: Any) -> bool:
    try:
        Decimal(str(value or 0))
    except ArithmeticError:
        return False
    return True


def command(store: Path, **changed: str) -> list[str]:
    """How the bureau is started as a process of its own; ``changed`` replaces options."""
    given = {
        "region": [str(HOME / "regions/plain.yaml")],
        "seed_file": [str(HOME / "seed.yaml")],
        "plan": [str(path) for path in PLANS],
        "store": [str(store)],
    } | {name: [value] for name, value in changed.items()}
    return ["nhsa-bureau", *(word for name in given for word in (f"--{name.replace('_', '-')}", *given[name]))]


@contextmanager
def bureau_process(store: Path, region: str = "plain", *, clock: str = "claim") -> Iterator[Counterpart]:
    """A bureau in a process of its own for the length of a ``with`` block; transactions go to ``base`` + ``/nhsa``."""
    words = command(store, region=str(HOME / "regions" / f"{region}.yaml"), clock=clock)
    running = Counterpart("nhsa-bureau", words).start()
    try:
        yield running
    finally:
        running.stop()


def admission(bureau: Bureau, psn_no: str, ipt_no: str = "Z1", begins: str = "2021-06-01 08:00:00") -> Row:
    """The input of 2401."""
    person = bureau.office.seed.persons[psn_no]
    info = {
        "psn_no": psn_no,
        "insutype": person.insutype,
        "begntime": begins,
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": person.certno,
        "cert_type": "01",
        "certno": person.certno,
        "med_type": "2101",
        "ipt_no": ipt_no,
        "atddr_no": "D1",
        "chfpdr_name": "医师一",
        "adm_diag_dscr": "肺炎",
        "adm_dept_codg": "1021",
        "adm_dept_name": "内科",
        "adm_bed": "021",
        "dscg_maindiag_code": "J18.9",
        "dscg_maindiag_name": "肺炎",
        "insuplc_admdvs": person.division or DIVISION,
        "mdtrtarea_admvs": DIVISION,
    }
    return {"mdtrtinfo": info, "diseinfo": [diagnosis(psn_no, begins)]}


def diagnosis(psn_no: str, moment: str, **more: str) -> Row:
    usual = {
        "psn_no": psn_no,
        "diag_type": "1",
        "maindiag_flag": "1",
        "diag_srt_no": "1",
        "diag_code": "J18.9",
        "diag_name": "肺炎",
        "diag_dept": "1021",
        "dise_dor_no": "D1",
        "dise_dor_name": "医师一",
        "diag_time": moment,
    }
    return usual | more


def leaving(bureau: Bureau, mdtrt_id: str, psn_no: str, ends: str) -> Row:
    """The input of 2402."""
    person = bureau.office.seed.persons[psn_no]
    info = {
        "mdtrt_id": mdtrt_id,
        "psn_no": psn_no,
        "insutype": person.insutype,
        "endtime": ends,
        "dscg_dept_codg": "1021",
        "dscg_dept_name": "内科",
        "dscg_way": "1",
    }
    return {"dscginfo": info, "diseinfo": [diagnosis(psn_no, ends, mdtrt_id=mdtrt_id)]}


def _rows(given: Row) -> Iterator[Row]:
    for rows in given.values():
        yield from (row for row in (rows if isinstance(rows, list) else [rows]) if isinstance(row, dict))
