"""How one region's bureau behaves: each switch is a behaviour that was seen in some region's documents or code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from adapter.model.issues import AdapterError
from adapter.model.money import decimal_of
from adapter.rules.policy.load import read_plain

_T = TypeVar("_T")

Scheme = Literal["none", "ak-sk", "x-tif", "sm3", "sm2-sm4", "sm2-envelope"]

#: What an answer may look like against the documents, by name; dress.py does them.
ODDITIES = frozenset(
    {
        "infcode-text",  # "0"
        "success-word",  # err_msg 成功
        "null-message",  # err_msg null
        "one-on-success",  # infcode 1 on a good answer
        "zero-with-error",  # infcode 0 with an error text and no output
        "bare-failure",  # infcode -1 with empty message and ids, no output
        "minus-two",  # -2 for what the hospital must change
        "extras",  # warn_msg, cainfo, signtype, enctype
        "short-reference",  # inf_refmsgid shorter than 30
        "broken-characters",  # GB18030 bytes in an answer that says UTF-8
        "numbers-text",
        "numbers-mixed",
        "empty-numbers",  # zero as empty text
        "null-values",
        "null-words",  # "null" and "NULL" as text
        "null-arrays",
        "single-object",  # one row without its array
        "renamed-keys",
        "camel-keys",  # expContent
        "birth-time",
    }
)


class RegionError(ValueError):
    """The region file cannot be used; the text names the place."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """What stands before the transactions.

    Attributes:
        address: one address; one path per transaction, the infno its last part; or any path.
        shape: of a refusal outside the envelope.
        window: seconds that a request's time may be off.
        key, secret: of ``ak-sk`` and ``x-tif``; account and key of ``sm2-sm4``.
        private_key: the bureau's own SM2 key, hexadecimal.
        public_key: the hospital's SM2 key, hexadecimal.
    """

    scheme: Scheme = "none"
    address: Literal["one", "infno", "any"] = "any"
    shape: Literal["code-message", "code-type", "message-success"] = "code-message"
    window: int = 1800
    timestamp: Literal["milliseconds", "seconds"] = "milliseconds"
    case: Literal["lower", "upper", "any"] = "any"
    key: str = ""
    secret: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    public_key: str = ""


@dataclass(frozen=True, slots=True)
class SignIn:
    """9001 and 9002. ``in_envelope``: every call carries the sign_no; else having signed in that day is enough."""

    required: bool = True
    in_envelope: bool = True
    answer: Literal["signinoutb", "result"] = "signinoutb"
    out_answer: Literal["sign_time", "signoutoutb", "root"] = "sign_time"


@dataclass(frozen=True, slots=True)
class Fees:
    """2301. ``tolerance``: yuan that a line may be off its quantity × price; ``level_digits``: of chrgitm_lv."""

    max_lines: int = 100
    max_characters: int = 40000
    serial: Literal["digits", "any"] = "any"
    serial_length: int = 30
    tolerance: Decimal = Decimal("0.05")
    names_line: bool = True
    level_digits: Literal["one", "two"] = "two"


@dataclass(frozen=True, slots=True)
class Settling:
    """2303 and 2304.

    Attributes:
        discharge_first: a final settlement needs 2402 before it; ``trial_discharge_first`` the same for a trial.
        elsewhere: payers that are no part of this settlement, as where civil affairs pays the aid itself.
        certificates: mdtrt_cert_type that 2304 accepts; empty for all.
        account_in_fund_sum: fund_pay_sumamt includes the personal account (Zhuhai); else not (Hunan, Chongqing).
        account_rows: setldetail has a row for the personal account.
        hospital_bears_over_limit: what is above the price limit is the hospital's (hosp_part_amt, 999996).
        fund_fields: field of setlinfo by payer.
        funds: code of setldetail by payer or ``payer.insutype``; ``999997/610101``: the real fund in setl_proc_info.
        cumulative: 5206 cum_type_code → accumulator.
        identities: psn_idet_type → category of the plans.
        list_layout: generation of 4101.
        password_modulus, password_exponent: the bureau's RSA key, hexadecimal, where 2304 needs the patient's password
            in cainfo.
    """

    discharge_first: bool = True
    trial_discharge_first: bool = False
    elsewhere: frozenset[str] = frozenset()
    certificates: frozenset[str] = frozenset()
    account_in_fund_sum: bool = False
    account_rows: bool = False
    hospital_bears_over_limit: bool = False
    fund_fields: Mapping[str, str] = field(default_factory=dict)
    funds: Mapping[str, str] = field(default_factory=dict)
    cumulative: Mapping[str, str] = field(default_factory=dict)
    identities: Mapping[str, str] = field(default_factory=dict)
    list_layout: Literal["new", "old"] = "new"
    password_modulus: str = ""
    password_exponent: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Undo:
    """2305 and 2601.

    Attributes:
        reversible: infno that 2601 takes back.
        unknown_original: what 2601 answers when the original never arrived; nobody has published it.
        late_original: what happens to an original that arrives after its reversal.
        signs: of the amounts that 2305 answers.
        settlement_id: whether the opposite settlement has an id of its own.
    """

    reversible: frozenset[str] = frozenset({"2304", "2401"})
    unknown_original: Literal["refuse", "accept"] = "refuse"
    late_original: Literal["counts", "refuse"] = "counts"
    signs: Literal["negative", "positive"] = "negative"
    settlement_id: Literal["same", "new"] = "same"
    refuse_if_later_settled: bool = False


@dataclass(frozen=True, slots=True)
class Books:
    """3201 and 3202. ``results``: 0 and 1; or 0, 1 bureau more, 2 hospital more, 3 amounts differ."""

    results: Literal["two", "four"] = "two"
    amounts_back: bool = True


@dataclass(frozen=True, slots=True)
class Region:
    """One region. ``optional`` names fields per transaction that it does not ask for."""

    name: str
    title: str
    division: str
    longest_delay: int = 5
    gateway: Gateway = Gateway()
    sign_in: SignIn = SignIn()
    fees: Fees = Fees()
    settling: Settling = Settling()
    undo: Undo = Undo()
    books: Books = Books()
    oddities: frozenset[str] = frozenset()
    optional: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def load_region(path: Path) -> Region:
    """Read a region file.

    Raises:
        RegionError: unreadable, a word that is not known, a value that does not fit; the text names it.
    """
    try:
        found = _part(Region, cast("dict[str, Any]", read_plain(path)), "")
    except (OSError, AdapterError, ValueError, TypeError, AttributeError) as error:
        raise RegionError(f"{path.name}: {error}") from error
    unknown = sorted(found.oddities - ODDITIES)
    if unknown:
        raise RegionError(f"{path.name}: oddities: {', '.join(unknown)} is not known")
    return found


def _part(kind: type[_T], given: dict[str, Any], place: str) -> _T:
    hints = get_type_hints(kind)
    unknown = sorted(given.keys() - hints.keys())
    if unknown:
        raise RegionError(f"{place}{', '.join(unknown)} is not known")
    needed = [each.name for each in fields(cast("Any", kind)) if each.default is each.default_factory is MISSING]
    missing = [name for name in needed if name not in given]
    if missing:
        raise RegionError(f"{place}{', '.join(missing)} is missing")
    return kind(**{name: _value(hints[name], raw, f"{place}{name}") for name, raw in given.items()})


def _value(hint: Any, raw: Any, place: str) -> Any:
    origin = get_origin(hint)
    if hint in (Gateway, SignIn, Fees, Settling, Undo, Books):
        return _part(hint, raw, f"{place}.")
    if origin is Literal:
        return _one_of(raw, get_args(hint), place)
    if hint is bool:
        return _one_of(raw, ("yes", "no"), place) == "yes"
    if hint is int:
        return int(raw)
    if hint is Decimal:
        return decimal_of(raw)
    if origin is frozenset:
        return frozenset(map(str, raw))
    if origin is Mapping:
        return {str(key): tuple(value) if isinstance(value, list) else str(value) for key, value in raw.items()}
    return str(raw)


def _one_of(raw: Any, allowed: tuple[str, ...], place: str) -> str:
    if raw not in allowed:
        raise RegionError(f"{place}: one of {', '.join(allowed)}")
    return str(raw)
