"""Dialects: one folder per wire format, each knowing everything about its counterpart's wire.

In:    an EndpointConfig.
Out:   an Endpoint.
Never: knows another dialect.
Start: fhir/, then nhsa/.
"""
