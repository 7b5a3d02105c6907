"""The simulated SOAP aid service: the behaviour of the one published system, odd as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.counterparts.aid_xml.seed import load_seed
from adapter.counterparts.aid_xml.service import LOCKED_AFTER, Answer, Service
from adapter.counterparts.aid_xml.store import AidStore
from adapter.counterparts.seed import SeedError

ROOT = Path(__file__).resolve().parents[3]
AIDED, KNOWN, UNCAPPED = "999999198301250084", "999999197107020053", "999999194911300095"
STAY = {"recordNo": "1", "inDate": "2026-01-05", "hospitalId": "H1", "hospitalName": "医院"}


class Desk:
    """Somebody who is signed in."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_770_000_000.0
        self.store = AidStore(folder / "aid.sqlite")
        seed = load_seed(ROOT / "fixtures" / "endpoints" / "aid-xml.yaml")
        self.service = Service(seed, self.store, seconds=lambda: self.now)
        self.session = self.login().session

    def login(self, password: str = "not-a-real-password") -> Answer:
        return self.service.call("login", {"userName": "hospital01", "password": password}, "")

    def call(self, operation: str, **content: Any) -> Answer:
        return self.service.call(operation, content, self.session)

    def admit(self, id_card: str = AIDED, **changed: str) -> str:
        return self.call("saveInRecord", record={"idCard": id_card, **STAY, **changed}).code

    def balance(self, total: str = "1000.00", aid: str = "300.00", id_card: str = AIDED, **changed: str) -> str:
        told = {"idCard": id_card, **STAY, "totalExpense": total, "assistancePay": aid, **changed}
        return self.call("balance", info=told).code

    def left(self, id_card: str = AIDED) -> str:
        return self.call("checkIdentity", idCard=id_card).fields["maxPay"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    yield found
    found.store.close()


def test_everybody_known_is_answered_and_only_a_category_means_aid(desk: Desk) -> None:
    known = desk.call("checkIdentity", idCard=KNOWN)
    assert (known.code, known.fields["assitanceType"]) == ("00000", "")
    assert desk.call("checkIdentity", idCard="0").code == "04001"
    assert (desk.admit("0"), desk.admit(KNOWN)) == ("01001", "01003")


def test_a_ceiling_is_told_of_a_registered_stay_and_may_be_below_zero(desk: Desk) -> None:
    assert desk.call("queryBalancePre", idCard=AIDED, inDate="2026-01-05").code == "05002"
    assert (desk.admit(), desk.admit()) == ("00000", "01002")
    assert desk.call("queryBalancePre", idCard=AIDED, inDate="2026-01-05").fields["maxPay"] == "28800.00"
    assert desk.left(UNCAPPED) == "-1"


def test_it_stores_what_it_is_told_and_checks_nothing(desk: Desk) -> None:
    desk.admit()
    assert desk.balance("10.00", "99999.00", assistancePer="1.5") == "00000"
    assert desk.left() == "-71199.00"
    assert "assistancePer" not in desk.service.state()["last"], "a ratio above 1 is dropped"


def test_the_record_is_found_by_person_day_and_hospital(desk: Desk) -> None:
    desk.admit()
    assert desk.balance(inDate="2026-01-06") == "02002"
    assert desk.balance(hospitalId="H2") == "02002"
    assert desk.balance(id_card="0") == "02001"
    assert desk.balance(recordNo="another") == "00000"


def test_after_one_reversal_every_further_settlement_is_stored_again(desk: Desk) -> None:
    desk.admit()
    assert (desk.balance(), desk.balance()) == ("00000", "02002")
    assert (desk.balance("-1000.00", "-300.00"), desk.balance("-1000.00", "-300.00")) == ("00000", "02002")
    assert desk.left() == "28800.00"
    assert (desk.balance(), desk.balance()) == ("00000", "00000")
    told = desk.service.state()
    assert told["settled_twice"] == {"1/2026-01-05/H1": 2}
    assert (told["strikes"], told["paid"]) == (["01", "02", "03", "03"], "600.00")


def test_lines_are_taken_only_after_settling(desk: Desk) -> None:
    desk.admit()
    line = {"idCard": AIDED, **STAY, "itemCode": "1", "amount": "1.00"}
    assert desk.call("saveExpenseDetail", detail=line).code == "03001"
    desk.balance()
    assert desk.call("saveExpenseDetail", detail=[line, line]).code == "00000"
    assert desk.service.state()["details"] == 2
    assert desk.call("saveExpenseDetail", detail={**line, "idCard": "0"}).code == "03002"


def test_sessions_end_and_accounts_are_locked(desk: Desk) -> None:
    desk.now += 1801
    assert desk.call("checkIdentity", idCard=AIDED).code == "0000X"
    assert [desk.login("wrong").code for _ in range(LOCKED_AFTER + 1)] == ["0L002"] * LOCKED_AFTER + ["0L001"]
    assert desk.login().code == "0L001"


def test_a_ratio_that_nobody_set_is_blank(desk: Desk) -> None:
    asked = {"domicileCode": "999902", "payBase": "1.00", "assitanceType": "01", "inDate": "2026-01-05"}
    assert desk.call("queryPercentage", **asked).fields["percentage"] == ""


def test_a_bad_seed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: x\n", "utf-8")
    with pytest.raises(SeedError, match=r"bad\.yaml"):
        load_seed(tmp_path / "bad.yaml")
