"""Kill everything, at every step, and count what is lost or doubled (混沌测试)。

In:    a dialect, a store, a number of kills, a seed; the fixture hospital's stays.
Out:   ``CHAOS.md``: kills by dialect, victim and step; lost, doubled, parked as unknown; when leases were taken over.
Never: a switch in the product: the processes that die are ordinary ones; what makes one die at a step is put into it
       from outside by the nursery that forks it.
Start: campaign.py (one hospital under fire), steps.py (the steps and how to die there), check.py (what must be true).
"""
