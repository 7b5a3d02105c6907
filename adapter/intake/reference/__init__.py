"""Reference data: the dated facts that a HIS export does not carry. 参考数据。

In:    CSV tables of facilities, items, diagnoses, registers, prices; window.yaml. Formats: docs/reference-data.md.
Out:   ``Book``, which answers by code and day, and window facts by stay; what cannot be read is an issue.
Never: fills a gap with a default; keeps an ID number; lets two rows be in force for one key on one day.
Start: book.py, then tables.py and window.py.
"""

from adapter.intake.reference.book import Book, Prices
from adapter.intake.reference.tables import load_estimates, load_prices, load_reference
from adapter.intake.reference.window import Window, load_window

__all__ = ["Book", "Prices", "Window", "load_estimates", "load_prices", "load_reference", "load_window"]
