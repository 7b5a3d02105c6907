"""Synthetic hospitals: exports of the ``bsoft_phis`` shape, invented down to the last digit.

In:    a clerk's ``stays.yaml``, or a seed and a size.
Out:   one XML file per HIS table, and the reference files that go with them (docs/reference-data.md).
Never: a real region, name or number (identity numbers lie in region 999999, which does not exist); floats;
       the clock; anything that differs between two runs of the same command.
Start: tables.py (the shape), then story.py (from YAML) or hospital.py (from a seed).
"""
