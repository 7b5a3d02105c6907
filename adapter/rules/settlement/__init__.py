"""Settlement: who pays how much of a claim, and why. 结算计算。

In:    a Claim, the person's year-to-date amounts, the plans in force on the day of settlement, the payers' answers.
Out:   a Settlement whose shares add up to the bill to the fen, each amount with its formula and its article.
Never: reads a clock, a file or a database; asks FHIR; rounds anywhere but in Money; computes a layer nobody published.
Start: adjudicate.py, then coordination.py and any one step.
"""
