"""The kit's hospital at an aid service that speaks docs/wire-aid-xml.md. 民政医疗救助 SOAP 接口的检测:扮演医院。

In:    scenario files of ``mappings/conformance/aid-xml`` and a site file that the office's team fills in.
Out:   what each step sent and got, and what is not as the page demands.
Never: imports the adapter's own dialect; judges ceilings and ratios, which are the office's.
Start: clerk.py (what each word sends and what must come back), soap.py (the envelope).
"""
