"""Certificate: work a settlement out again from its certificate, and name what does not hold. 结算证明核验。

In:    a certificate, as JSON.
Out:   findings, each with the promise that fails; none when every sum, product and rounding is right.
Never: imports anything of ours or anything beyond the standard library; looks at a policy; trusts a digest alone.
Start: verify.py.
"""
