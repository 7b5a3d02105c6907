"""The packages that can be built of the same definitions: R4, R5, and R5 as HL7 China has it. 规范包的版本。"""

from __future__ import annotations

from dataclasses import dataclass

from adapter.fhir.package.bases import R4 as R4_BASES
from adapter.fhir.package.bases import R5 as R5_BASES
from adapter.fhir.package.bases import Bases

_NAME = "example.pay-after-care"
_TITLE = "Pay-after-care billing in mainland China 先诊疗后付费结算"


@dataclass(frozen=True, slots=True)
class Variant:
    """One package of ours.

    Attributes:
        key: how a command names it.
        name: in the registry of FHIR packages: the canonical host, turned around, and what it is of.
        title: for people.
        bases: HL7's definitions on which it stands.
        core: HL7's own package of that version.
        pages: where HL7's specification of that version is read.
        folder: of ``mappings``, with the definitions that are of this variant alone; empty where there are none.
    """

    key: str
    name: str
    title: str
    bases: Bases
    core: str
    pages: str
    folder: str = ""

    @property
    def fhir_version(self) -> str:
        return self.bases.version

    @property
    def release(self) -> str:
        """``R4`` or ``R5``."""
        return "R4" if self.bases is R4_BASES else "R5"


#: What the service speaks unless it is asked for something else.
R4 = Variant("r4", _NAME, _TITLE, R4_BASES, "hl7.fhir.r4.core", "http://hl7.org/fhir/R4/")
R5 = Variant("r5", f"{_NAME}.r5", f"{_TITLE} (R5)", R5_BASES, "hl7.fhir.r5.core", "http://hl7.org/fhir/R5/")
#: R5 with the identifiers that the Connectathon guide of HL7 China asks for; everything of R5 is in it.
HL7_CHINA = Variant(
    *("hl7-china", f"{_NAME}.hl7-china", f"{_TITLE} (R5, HL7 China)", R5_BASES, "hl7.fhir.r5.core"),
    *("http://hl7.org/fhir/R5/", "hl7-china"),
)

#: By key.
VARIANTS = {each.key: each for each in (R4, R5, HL7_CHINA)}
