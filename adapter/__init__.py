"""Pay-after-care settlement adapter (先诊疗后付费结算适配器).

The walk of a case, which is also the list of rooms:

    intake ───────────────► rules ─────────────────► payers
    read → map → validate   entitle → settle, prove   deliver → reconcile
              ╲                  │                   ╱
               └──── cases/ walks it along, ledger/ remembers ────┘

``model`` is the vocabulary, ``fhir`` the language of the doors, ``doors`` the web service and the command line.
Start: cases/settle.py, then rules/settlement/adjudicate.py and the policy file that a step cites.
"""

__version__ = "0.1.0"
