"""A hospital speaking with a bureau in a test: real facts of a fixture stay, and answers that a test writes down.

There is no bureau here: ``Answers`` gives, transaction by transaction, what a test says that a bureau would answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import respx

from adapter.fhir.canonical import decode, encode
from adapter.model.call import CallFacts
from adapter.model.messages import OutboundMessage, Receipt, Stage
from adapter.model.money import Money
from adapter.payers.delivery.endpoint import Done, EndpointConfig, Exchange
from adapter.payers.delivery.endpoints.nhsa.endpoint import NhsaEndpoint
from adapter.payers.delivery.endpoints.nhsa.hospital import Hospital, Keys
from adapter.payers.delivery.endpoints.nhsa.load import Dialect, load_dialect, load_region
from tests.support.office import ROOT, TestClock, office, settle_case, take_in
from tests.support.payers import fake_payers

STAY = "300010004"
ADDRESS = "https://bureau.example/fsi/api"
HOSPITAL = Hospital(
    "H99990100001", "清石县人民医院", "999901", "901", "测试操作员", mac="00-00-5E-00-53-01", ip="192.0.2.1"
)
KEYS = Keys({"paasid": "test", "secret": "not-a-real-secret", "access_key": "ak", "secret_key": "not-a-real-key"})
PSN_NO = "99990000000000000000000001"


@cache
def dialect(region: str = "test_inland") -> Dialect:
    if region == "national":
        return load_dialect(ROOT / "mappings", region)
    national = dialect("national")
    return replace(national, region=load_region(ROOT / "mappings", region, national.definitions))


def changed_region(region: str, **settings: Any) -> Dialect:
    """A region with some settings changed."""
    found = dialect(region)
    return replace(found, region=replace(found.region, **settings))


class _Noting:
    """An endpoint that notes the facts of its calls."""

    def __init__(self, endpoint: Any, noted: dict[str, CallFacts]) -> None:
        self._endpoint, self._noted, self.config = endpoint, noted, endpoint.config

    def __getattr__(self, name: str) -> Any:
        return getattr(self._endpoint, name)

    def next(self, stage: Stage, facts: CallFacts, *said: Any, **more: Any) -> OutboundMessage | Done:
        self._noted[facts.call] = facts
        found: OutboundMessage | Done = self._endpoint.next(stage, facts, *said, **more)
        return found


@cache
def stay_facts() -> CallFacts:
    """The facts of the insurance call of a real fixture stay, as the office composes them."""
    noted: dict[str, CallFacts] = {}
    payers = fake_payers(TestClock())
    with TemporaryDirectory() as name:
        folder = Path(name)
        endpoints: Any = {each: _Noting(payer, noted) for each, payer in payers.endpoints.items()}
        with office(folder, endpoints) as tools:
            assert not take_in(tools, folder, STAY).stopped
            settle_case(STAY, tools)
    return noted["insurance"]


def ok(**output: Any) -> dict[str, Any]:
    """A good answer."""
    return {"infcode": 0, "inf_refmsgid": "999901202103020900000000000001", "err_msg": "", "output": output}


def no(words: str, code: Any = -1) -> dict[str, Any]:
    """A refusal."""
    return {"infcode": code, "err_msg": words, "output": None}


Reply = Callable[[dict[str, Any]], dict[str, Any] | httpx.Response | Exception]


@dataclass
class Answers:
    """What the bureau answers, by transaction; every request is noted. ``node`` gives the request's first node."""

    by_number: dict[str, Reply] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = decode(request.content)
        self.asked.append(body)
        self.requests.append(request)
        reply = self.by_number[body["infno"]](body)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else httpx.Response(200, content=encode(reply))

    def numbers(self) -> list[str]:
        return [str(each["infno"]) for each in self.asked]


def setlinfo(total: Money, *, basic: str, aid: str = "0.00", **more: Any) -> dict[str, Any]:
    """``setlinfo`` and ``setldetail`` that add up: all in scope, the rest borne in cash."""
    borne = Money.yuan(basic) + Money.yuan(aid)
    left = total - borne
    info = {
        "medfee_sumamt": total.decimal,
        "fulamt_ownpay_amt": 0,
        "overlmt_selfpay": "0",
        "preselfpay_amt": Decimal("0.00"),
        "inscp_scp_amt": total.text,
        "act_pay_dedc": "100.00",
        "fund_pay_sumamt": borne.decimal,
        "psn_part_amt": left.decimal,
        "hosp_part_amt": None,
        "acct_pay": "0.00",
        "psn_cash_pay": left.text,
    }
    rows = [{"fund_pay_type": "390100", "fund_pay_type_name": "居民统筹", "fund_payamt": basic}]
    if aid != "0.00":
        rows.append({"fund_pay_type": "999997", "setl_proc_info": "610101", "fund_payamt": aid})
    return {"setlinfo": {**info, **more}, "setldetail": rows}


def friendly(facts: CallFacts, *, basic: str = "300.00") -> Answers:
    """A bureau that agrees to everything."""
    person = {
        "baseinfo": {"psn_no": PSN_NO, "psn_name": "测试丁", "certno": "999999198301250084", "gend": "2"},
        "insuinfo": [{"insutype": "390", "psn_type": "1701", "psn_insu_stas": "1", "insuplc_admdvs": "999901"}],
        "idetinfo": [{"psn_idet_type": "2302", "begntime": "2020-01-01 00:00:00", "endtime": None}],
    }
    entitled = [{"fund_pay_type": "390100", "trt_enjymnt_flag": "1", "psn_no": PSN_NO}]
    total = facts.claim.total

    def lines(body: dict[str, Any]) -> dict[str, Any]:
        return ok(result=[line_result(row) for row in body["input"]["feedetail"]])

    return Answers(
        {
            "9001": lambda body: ok(signinoutb={"sign_time": "2026-03-02", "sign_no": "S1"}),
            "1101": lambda body: ok(**person),
            "2001": lambda body: ok(trtinfo=entitled),
            "5206": lambda body: ok(cuminfo=[{"cum_type_code": "D390101", "year": "2021", "cum": "12.50"}]),
            "2401": lambda body: ok(result={"mdtrt_id": "M1"}),
            "2403": lambda body: ok(),
            "2404": lambda body: ok(),
            "2301": lines,
            "2302": lambda body: ok(),
            "2303": lambda body: ok(**setlinfo(total, basic=basic, mdtrt_id="M1")),
            "2402": lambda body: ok(),
            "2405": lambda body: ok(),
            "2304": lambda body: ok(
                **setlinfo(total, basic=basic, mdtrt_id="M1", setl_id="SETL1", medins_setl_id=body["msgid"])
            ),
            "2305": lambda body: ok(**opposite(total, basic)),
            "2601": lambda body: ok(),
        }
    )


def line_result(row: dict[str, Any]) -> dict[str, Any]:
    """The bureau's row for a line that it takes whole into scope."""
    amount = row["det_item_fee_sumamt"]
    return {
        "feedetl_sn": row["feedetl_sn"],
        "det_item_fee_sumamt": amount,
        "fulamt_ownpay_amt": "0",
        "overlmt_amt": 0,
        "preselfpay_amt": "",
        "inscp_scp_amt": amount,
    }


def opposite(total: Money, basic: str) -> dict[str, Any]:
    """The answer of a cancellation with negative amounts."""
    found = setlinfo(-total, basic=(-Money.yuan(basic)).text, mdtrt_id="M1", setl_id="SETL2")
    return {**found, "setlinfo": {**found["setlinfo"], "act_pay_dedc": None}}


@dataclass
class Talk:
    """A stay's conversation, as the walk leads it: every stage in order, every answer kept."""

    endpoint: NhsaEndpoint
    facts: CallFacts
    clock: TestClock
    said: list[Exchange] = field(default_factory=list)
    stages: dict[int, Stage] = field(default_factory=dict)

    def next(self, stage: Stage, *, anew: int = 0) -> OutboundMessage | Done:
        """``anew``: how many messages there were before this run."""
        here = [e for e in self.said[anew:] if e.message.stage is stage and e.message.version == self.facts.version]
        before = [e for e in self.said if e not in here]
        return self.endpoint.next(stage, self.facts, here, self.clock.now(), before=before)

    def take(self, message: OutboundMessage) -> Receipt:
        receipt = self.endpoint.deliver(message)
        self.said.append(Exchange(message, receipt))
        return receipt

    def through(self, *stages: Stage) -> list[str]:
        """Whole stages; the numbers of what was said."""
        begun = len(self.said)
        for stage in stages:
            while isinstance(message := self.next(stage, anew=begun if stage is Stage.TRIAL else 0), OutboundMessage):
                assert self.take(message).outcome == "accepted", self.said[-1].receipt.issues
        return [each.message.operation for each in self.said[begun:]]

    def settled(self) -> list[str]:
        return self.through(Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES, Stage.TRIAL, Stage.SETTLE)

    def later(self, minutes: int) -> None:
        self.clock.moment += timedelta(minutes=minutes)


@contextmanager
def talk(answers: Answers, *, facts: CallFacts | None = None, spoken: Dialect | None = None) -> Iterator[Talk]:
    """A conversation over HTTP with these answers."""
    clock = TestClock()
    config = EndpointConfig("bureau", "nhsa", ADDRESS, simulator=True, longest_delay=30, timeout=2)
    endpoint = NhsaEndpoint(config, clock, dialect=spoken or dialect(), hospital=HOSPITAL, keys=KEYS)
    with respx.mock(assert_all_called=False) as wire:
        wire.post(url__startswith=ADDRESS).mock(side_effect=answers)
        yield Talk(endpoint, facts or stay_facts(), clock)
    endpoint.close()
