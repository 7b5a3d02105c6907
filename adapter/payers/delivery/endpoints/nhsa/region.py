"""What one bureau does differently: the settings of ``mappings/nhsa/<region>/region.yaml`` (地区差异)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from adapter.model.settlement import Payer


class Fund(StrEnum):
    """Rows of ``setldetail`` that are no payer's part of the fund payment."""

    ACCOUNT = "account"  # 个人账户
    NOT_COUNTED = "not-counted"  # 说明行,金额已含在别的行内


class StatementResult(StrEnum):
    """What a code of ``stmt_rslt`` means."""

    BALANCED = "balanced"
    DIFFERS = "differs"
    BUREAU_MORE = "bureau-more"
    HOSPITAL_MORE = "hospital-more"


@dataclass(frozen=True, slots=True)
class Region:
    """One bureau's ways. Every attribute is a key of the region file.

    Attributes:
        test_profile: no real bureau: only simulators may be spoken to.
        address: ``one`` address, ``path`` per transaction (``/2304``), or ``suffix`` (base address + number).
        content_type: of the request.
        recer_sys_code, infver: fields of the envelope.
        extra: further fields of the envelope with their values.
        sign_in: a transaction needs the day's sign-in number.
        signing: name of a scheme in signing/.
        lines_per_call, bytes_per_call: how much one 2301 may hold.
        med_type: kind of care (医疗类别) of an ordinary stay.
        psn_setlway, acct_used_flag: way of settlement, and whether the personal account may pay.
        clr_type: kind of clearing (清算类别), for reconciliation.
        insutypes: scheme (险种) by kind of insurance.
        insured_states: states of an enrolment (psn_insu_stas) that are in force.
        line_serial: ``digits15`` (digits only, not 0, at most 15) or ``text30``.
        account_inside_fund: fund_pay_sumamt holds what the personal account pays.
        funds: what a fund code stands for, by its first digits; the longest match counts.
        indirect: fund codes whose real fund stands in setl_proc_info.
        success_words: what err_msg may say beside infcode 0.
        refusals, unclear: infcodes that prove a refusal, and those after which something may have happened.
        reversible: transactions that 2601 can undo.
        discharge_before: stage that 2402 comes before: ``trial`` or ``settle``.
        discharge_closes_lines: fee lines are accepted only before 2402, so 2405 comes before more of them.
        reversal_to: how far a reversal goes back: ``settlement`` · ``discharge`` · ``lines`` · ``admission``.
        lines_by_visit: 5204 answers without a settlement id, which makes it a look-up.
        person_fields: name and ID number stand in 1101, 2401, 2303 and 2304.
        credential: ``01`` electronic credential, read at the window; ``02`` ID card; ``03`` social security card.
        cumulative: codes of 5206 with our accumulator names; none: 5206 is not asked.
        cumulative_rows: ``month`` (a row per month, to be added) or ``year`` (each row is the year so far).
        statement: what each code of stmt_rslt means.
        absent: transactions that this bureau does not have.
        password_for: transactions that need the patient's password, taken at the window and never kept.
        settlement_list: 4101 follows the settlement.
        supplied: values for fields that no HIS feed gives, by field name, as the hospital and bureau agreed them.
        longest_delay: seconds after which a lost transaction lands no more.
    """

    name: str
    zh: str
    en: str
    test_profile: bool
    trust: str
    address: str
    content_type: str
    recer_sys_code: str
    infver: str
    extra: Mapping[str, str]
    sign_in: bool
    signing: str
    lines_per_call: int
    bytes_per_call: int
    line_serial: str
    med_type: str
    psn_setlway: str
    acct_used_flag: str
    clr_type: str
    insutypes: Mapping[str, str]
    insured_states: tuple[str, ...]
    account_inside_fund: bool
    funds: Mapping[str, Payer | Fund]
    indirect: tuple[str, ...]
    success_words: tuple[str, ...]
    refusals: tuple[str, ...]
    unclear: tuple[str, ...]
    reversible: tuple[str, ...]
    discharge_before: str
    discharge_closes_lines: bool
    reversal_to: str
    lines_by_visit: bool
    person_fields: bool
    credential: str
    cumulative: Mapping[str, str]
    cumulative_rows: str
    statement: Mapping[str, StatementResult]
    absent: tuple[str, ...]
    password_for: tuple[str, ...]
    settlement_list: bool
    supplied: Mapping[str, str]
    longest_delay: int

    def payer_of(self, fund: str) -> Payer | Fund | None:
        """What a fund code stands for, or None: nobody said.

        The longest of the region's prefixes that the code begins with counts.
        """
        matching = [prefix for prefix in self.funds if fund.startswith(prefix)]
        return self.funds[max(matching, key=len)] if matching else None

    def has(self, number: str) -> bool:
        """Whether the bureau has a transaction."""
        return number not in self.absent
