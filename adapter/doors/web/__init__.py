"""The service: use cases over HTTP, for hospital systems and for FHIR readers; its worker delivers. 服务。

In:    HTTP requests; settings; what a caller says of itself (token, X-Actor).
Out:   JSON with exact decimals, FHIR at /fhir, issues with a status; log lines and metrics without personal data.
Never: decides anything; keeps an upload; logs a body, a query or an address with a person's id in it.
Start: app.py, then api/his.py and worker.py.
"""
