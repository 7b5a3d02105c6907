"""The FHIR package: what we say beyond base R4, for others to install. 可安装的 FHIR 规范包。

In:    the differentials of ``mappings/profiles``, written by hand; code tables; real outputs as examples.
Out:   snapshots, and ``package.tgz`` in the form of the FHIR NPM registry, the same bytes for the same input.
Never: promises what the code does not write; reads a clock or the network; edits a definition on the way.
Start: snapshot.py, then contents.py and archive.py.
"""
