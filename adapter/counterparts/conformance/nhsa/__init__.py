"""The kit's hospital at a bureau that speaks docs/wire-nhsa.md. 国家医保信息平台接口的检测:扮演医院。

In:    scenario files of ``mappings/conformance/nhsa`` and a site file that the bureau's team fills in.
Out:   what each step sent and got, and what is not as the page demands.
Never: imports the adapter's own dialect, or judges by the amounts of a plan.
Start: clerk.py (what each word sends), checks.py (what must come back), reading.py (answers as they are).
"""
