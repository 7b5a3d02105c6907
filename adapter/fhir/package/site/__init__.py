"""The package as pages to read: plain HTML and SVG that need no network. 规范包网页。

In:    the package, and the fields of the national platform.
Out:   files by name: a page for each artifact, the diagram of links, the table NHSA ⇄ FHIR, the downloads.
Never: a script, a font or a picture from elsewhere; a link out of the folder but to HL7's specification.
Start: pages.py.
"""
