"""Programme: may this stay pay after care, and why. 先诊疗后付费资格。

In:    AdmissionFacts (person, registers, facility, window facts, credit), a programme file, a scheme's settings.
Out:   an Assessment: granted, provisional or refused, every reason with its article, the checklist of papers,
       the deposit instruction, and what would change the answer; for lines, which of them cannot wait.
       For the patient's part: stages, plans, credit entries, steps of collection, fund claims, rewards.
Never: removes a payer, touches coverage, guesses a fact or a blank of the source, reads a clock or a file.
Start: entitlement.py (assess), then mappings/programmes/; for money owed collection.py and patient_part.py.
"""

from adapter.model.case import CreditState
from adapter.rules.programme.deferral import Deferral, LineDeferral, deferral_issues, deferral_of_lines
from adapter.rules.programme.deposit import (
    DepositAnswer,
    DepositInstruction,
    RefundTask,
    check_deposit,
    deposit_arrived,
)
from adapter.rules.programme.entitlement import Assessment, assess
from adapter.rules.programme.exclusions import ThirdPartyState
from adapter.rules.programme.facts import AdmissionFacts, Decision
from adapter.rules.programme.reading import missing_settings, settings_of
from adapter.rules.programme.reasons import Met, Reason

__all__ = [
    "AdmissionFacts",
    "Assessment",
    "CreditState",
    "Decision",
    "Deferral",
    "DepositAnswer",
    "DepositInstruction",
    "LineDeferral",
    "Met",
    "Reason",
    "RefundTask",
    "ThirdPartyState",
    "assess",
    "check_deposit",
    "deferral_issues",
    "deferral_of_lines",
    "deposit_arrived",
    "missing_settings",
    "settings_of",
]
