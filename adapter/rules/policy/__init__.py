"""Policy: dated parameters, each with the article it comes from. 政策参数。

In:    YAML files of mappings/programmes, mappings/plans and mappings/schemes (read by load.py alone).
Out:   a PolicyBook: schemes, plans and programmes; ``Policy.at(name, on, key)`` gives a value and its citation.
Never: guesses: a date no document covers raises PolicyNotInForce (POL-201); an unset setting, POL-205.
Start: parameters.py, then load.py.
"""
