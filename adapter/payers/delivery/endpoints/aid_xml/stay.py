"""What the service is told of a stay: the fields of its messages, the least that each needs (报文字段)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from adapter.fhir import least
from adapter.fhir.claim_elements import sent_lines
from adapter.fhir.elements import AnyResource, Held, coded, identified
from adapter.model.call import CallFacts
from adapter.model.dates import local_day
from adapter.model.issues import AdapterError
from adapter.model.money import ZERO, Money
from adapter.model.settlement import Payer, Step
from adapter.payers.delivery.endpoints.aid_xml import issues
from adapter.payers.delivery.endpoints.aid_xml.soap import Fields

ID_CARD = "urn:oid:2.16.156.10011.1.3"
ADMISSION_NUMBER = "urn:oid:2.16.156.10011.1.12"

#: Fields that are sent only where the office's settings ask for them.
OPTIONAL = ("insuranceNo", "disease", "diseaseName", "hospitalArea")

#: Which field of BalanceInfo says what a payer bears; the call's own payers stand in assistancePay.
_BORNE = {
    Payer.BASIC: "insurancePay",
    Payer.CRITICAL_ILLNESS: "insurancePay",
    Payer.COMMERCIAL: "insurancePay",
    Payer.HOSPITAL: "hospitalPay",
    Payer.PATIENT: "personalPay",
    Payer.PERSONAL_ACCOUNT: "personalPay",
}


@dataclass(frozen=True, slots=True)
class Office:
    """How one office wants to be spoken to.

    Attributes:
        namespace: of the messages, from its WSDL.
        hospital_id: as the office numbers the hospital; empty: its national code, else its own.
        also: optional fields that it asks for.
        details: send the bill's lines after settling.
    """

    namespace: str
    hospital_id: str = ""
    also: tuple[str, ...] = ()
    details: bool = True


@dataclass(frozen=True)
class Stay:
    """A stay as the service may hear of it. Raises AdapterError DEL-590 for a field that it cannot do without."""

    facts: CallFacts
    office: Office

    @property
    def id_card(self) -> str:
        return self._need("idCard", identified(self._patient, ID_CARD))

    @property
    def name(self) -> str:
        names: list[AnyResource] = self._patient.get("name") or [{}]
        return self._need("name", str(names[0].get("text", "")).strip())

    @property
    def in_date(self) -> str:
        return local_day(self.facts.claim.stay.admitted).isoformat()

    @property
    def hospital_id(self) -> str:
        facility = self.facts.claim.stay.facility
        return self.office.hospital_id or facility.national_code or facility.code

    @property
    def amount(self) -> Money:
        """The aid, as we computed it."""
        return Money.total(self.facts.settlement.share_of(payer) for payer in self.facts.payers)

    @property
    def ratio(self) -> Decimal | None:
        """The plan's ratio; None where it gives no single one."""
        found = [Decimal(dict(step.inputs)["ratio"]) for step in self._steps("ratio")]
        return found[0] if len(found) == 1 else None

    @property
    def ceiling(self) -> Money | None:
        """The plan's yearly ceiling on what is paid; None where it has none."""
        found = [dict(step.inputs)["ceiling"] for step in self._steps("cap") if "uncapped" in dict(step.inputs)]
        return Money.yuan(found[0]) if len(found) == 1 else None

    @property
    def counts_only_paid(self) -> bool:
        """Whether what was paid this year is all that the plan asks of the year."""
        steps = [step for step in self.facts.settlement.steps if step.payer in self.facts.payers]
        used = {source for step in steps for _, source in step.sources if source.startswith("accrued.")}
        return used <= {"accrued.paid"}

    @property
    def base(self) -> Money:
        """What the aid is computed from."""
        found = [step.amount for step in self._steps("base")]
        return found[0] if found else self.facts.claim.total

    def registration(self) -> Fields:
        """HospitalRecord 入院备案."""
        return self._ordered(
            {
                "idCard": self.id_card,
                "insuranceNo": self._insurance_no,
                "recordNo": self._record_no,
                "name": self.name,
                "inDate": self.in_date,
                **self._disease,
                **self._hospital,
            }
        )

    def balance(self) -> dict[str, str]:
        """BalanceInfo 结算; its shares add up to totalExpense."""
        stay = self.facts.claim.stay
        if stay.discharged is None:
            raise AdapterError(issues.fact_missing(self.facts.key, "leaveDate"))
        borne = self._borne()
        return self._ordered(
            {
                "idCard": self.id_card,
                "insuranceNo": self._insurance_no,
                "recordNo": self._record_no,
                "name": self.name,
                "inDate": self.in_date,
                "leaveDate": local_day(stay.discharged).isoformat(),
                **self._disease,
                "totalExpense": self.facts.settlement.total.text,
                "insuranceExpense": self.facts.in_scope.text,
                "insurancePay": borne["insurancePay"].text,
                "hospitalPay": borne["hospitalPay"].text,
                "specialPay": ZERO.text,
                "otherPay": borne["otherPay"].text,
                "assistancePay": self.amount.text,
                "assistancePer": "" if self.ratio is None else format(self.ratio, "f"),
                "personalPay": borne["personalPay"].text,
                **self._hospital,
            }
        )

    def details(self) -> list[Fields]:
        """ExpenseDetail 费用明细: the lines that stand, without those that refunds have undone."""
        head = {
            "idCard": self.id_card,
            "recordNo": self._record_no,
            "inDate": self.in_date,
            "hospitalId": self.hospital_id,
        }
        return [
            {
                **head,
                "itemCode": line.code,
                "itemName": line.name.strip() or line.code,
                "expenseDate": line.service_date.isoformat(),
                "quantity": format(line.quantity, "f"),
                "amount": line.amount.text,
            }
            for line in sent_lines(self.facts.claim.lines)
        ]

    @property
    def _held(self) -> Held:
        return Held.of(self.facts.resources)

    @property
    def _patient(self) -> AnyResource:
        return self._held.patient() or {}

    @property
    def _record_no(self) -> str:
        return identified(self._held.first("Encounter") or {}, ADMISSION_NUMBER) or self.facts.claim.stay.key

    @property
    def _insurance_no(self) -> str:
        covered = (str(each.get("subscriberId") or "") for each in self._held.all("Coverage"))
        return next((each for each in covered if each), "")

    @property
    def _disease(self) -> dict[str, str]:
        leading = next(iter(least.principal_first(self._held)), {})
        code = self.facts.claim.stay.principal_diagnosis or coded(leading.get("code"), least.ICD10) or ""
        return {"disease": code, "diseaseName": str(leading.get("code", {}).get("text") or "")}

    @property
    def _hospital(self) -> dict[str, str]:
        facility = self.facts.claim.stay.facility
        return {"hospitalId": self.hospital_id, "hospitalName": facility.name, "hospitalArea": facility.county}

    def _borne(self) -> dict[str, Money]:
        """What everybody but this call bears, by field."""
        sums = {"insurancePay": ZERO, "hospitalPay": ZERO, "otherPay": ZERO, "personalPay": ZERO}
        for share in self.facts.settlement.shares:
            if share.payer not in self.facts.payers:
                sums[_BORNE.get(share.payer, "otherPay")] += share.amount
        return sums

    def _steps(self, name: str) -> list[Step]:
        return [s for s in self.facts.settlement.steps if s.payer in self.facts.payers and s.name == name]

    def _ordered(self, fields: dict[str, str]) -> dict[str, str]:
        """The fields that are sent: what nobody asked for, and what is empty, is left out."""
        wanted = {name: text for name, text in fields.items() if name not in OPTIONAL or name in self.office.also}
        return {name: text for name, text in wanted.items() if text}

    def _need(self, field: str, value: str | None) -> str:
        if not value:
            raise AdapterError(issues.fact_missing(self.facts.key, field))
        return value
