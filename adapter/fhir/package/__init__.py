"""The FHIR package: what we say beyond base FHIR, for others to install, in R4 and R5. 可安装的 FHIR 规范包。

In:    the differentials of ``mappings/profiles``, written by hand for R4; code tables; real outputs as examples.
Out:   snapshots, and ``package.tgz`` in the form of the FHIR NPM registry, the same bytes for the same input.
Never: promises what the code does not write; reads a clock or the network; edits a definition on the way.
Start: snapshot.py, then contents.py and archive.py; variants.py and derived.py for R5.
"""
