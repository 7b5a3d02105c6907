"""The conformance kit: plays the other side of a counterpart under test, and says which clause it breaks. 对接检测。

In:    scenario files (``mappings/conformance``), a site file that the tested party fills in, an address.
Out:   per scenario: passed or which clause is broken, with what was sent and got, persons masked; as table, JUnit,
       HTML and FHIR TestReport.
Never: imports what the hospital itself sends with: its bodies are a second writing of the wire pages; judges by
       amounts that a plan would give, only by what the page demands of any receiver.
Start: scenario.py (what a file may say), play.py (how one is played), hospital.py (the fhir dialect), nhsa/
       and aid_xml/ (the others), dialects.py.
"""
