"""The one-stop window (一站式窗口): acts of people around a stay, one file per kind of act. 窗口.

In:    what a clerk, a doctor or a verifier did: who, when, why, and the particulars of the act; Tools.
Out:   papers, machine moves, postings and outbox rows of the ledger in one transaction; plain results to show.
Never: decides by itself what a programme leaves to a person; computes money (rules/programme does).
Start: the file named after the act.
"""
