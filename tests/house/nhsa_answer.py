"""What a bureau answers: the envelope and an example, for docs/wire-nhsa.md."""

from __future__ import annotations

#: What each field of an answer is; only infcode, err_msg and output decide anything.
ANSWER = {
    "infcode": "交易状态码: 0 done, else section 3; a number, or the same as text",
    "inf_refmsgid": "接收方报文ID, at most 30; kept, nothing depends on it",
    "refmsg_time": "接收报文时间 yyyyMMddHHmmssSSS; not read",
    "respond_time": "响应报文时间 yyyyMMddHHmmssSSS; not read",
    "err_msg": "错误信息; empty or a success word beside infcode 0; else a person reads it: field and reason",
    "output": "交易输出: the nodes of section 7 by name; null where the transaction has none, or beside an error",
}

#: The answer to the 2304 of section 1; a test reads it as the dialect does.
ANSWERED = """{
 "infcode": 0,
 "inf_refmsgid": "999901202603020900010000000031",
 "refmsg_time": "20260302090001120",
 "respond_time": "20260302090001348",
 "err_msg": "",
 "output": {
  "setlinfo": {
   "setl_id": "S2026000731",
   "mdtrt_id": "M1",
   "psn_no": "…",
   "medins_setl_id": "H99990100001202603020900000042",
   "setl_time": "2026-03-02 09:00:01",
   "medfee_sumamt": 1006.95,
   "fulamt_ownpay_amt": 0.00,
   "overlmt_selfpay": 0.00,
   "preselfpay_amt": 8.59,
   "inscp_scp_amt": 998.36,
   "act_pay_dedc": 500.00,
   "fund_pay_sumamt": 423.61,
   "psn_part_amt": 583.34,
   "acct_pay": 0.00,
   "psn_cash_pay": 583.34,
   "hosp_part_amt": 0.00
  },
  "setldetail": [
   {
    "fund_pay_type": "390101",
    "inscp_scp_amt": 998.36,
    "crt_payb_lmt_amt": 0.00,
    "fund_payamt": 423.61,
    "setl_proc_info": ""
   }
  ]
 }
}"""
