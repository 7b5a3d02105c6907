"""Documents: what is printed for people: the daily bill. 打印件。

In:    values of the model, ready to be printed: amounts worked out, persons masked.
Out:   plain text and HTML in Chinese, each amount with two decimals, each page with its article.
Never: computes an amount, looks anything up, shows more of a person than the value it is given.
Start: daily_bill.py.
"""
