"""The simulated civil-affairs aid service that speaks SOAP (医疗救助 SOAP 服务). 模拟民政救助系统。

In:    SOAP requests at ``/services/MedicalAid``; a seed file (whom it aids, ceilings, ratios); scripted faults.
Out:   answers as the one published system gives them, odd ones included; a store of its own.
Never: computes or checks an amount (the caller does); reads the hospital side's definitions or code.
Start: service.py (what it does with a call), seed.py (whom it knows), web.py (how it is reached).
"""
