"""What a run is handed over as: JUnit XML, one HTML page, a FHIR TestReport. 检测报告。

In:    a ``Report``: the results of the scenarios, persons already masked.
Out:   bytes of a file.
Never: judges anything; writes a file itself; shows what ``masking.py`` has not seen.
Start: report.py, then junit.py, page.py, testreport.py.
"""
