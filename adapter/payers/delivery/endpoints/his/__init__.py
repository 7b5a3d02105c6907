"""The way back: what was decided is told to the HIS, in the form that its source file names (docs/way-back.md). 回传。

In:    notices; messages from the outbox.
Out:   composed messages (JSON, or HL7 v2 for that form); receipts: taken, refused, or not heard.
Never: decides what is told; puts a name, an ID or card number into a notice; keeps a secret in a file or a log.
Start: content.py (what a notice says), compose.py, then one of webhook.py, folder.py, table.py, mllp.py. What a FHIR
       Subscription asks for travels the same way: rest_hook.py.
"""
