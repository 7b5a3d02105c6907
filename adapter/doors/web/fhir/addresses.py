"""Types and ids in addresses (地址中的类型与标识).

They are told apart by the route itself: `/fhir/Patient/_search` is no resource whose id is `_search`, so that another
method there is answered with 405 and the methods that it takes, and an id that cannot be one with 404.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from starlette.convertors import StringConvertor, register_url_convertor

#: What a type and an id look like, wherever an address stands.
KIND, IDENTITY = "[A-Za-z]{1,64}", r"[A-Za-z0-9\-.]{1,64}"


class _Kind(StringConvertor):
    regex = KIND


class _Identity(StringConvertor):
    regex = IDENTITY


register_url_convertor("kind", _Kind())
register_url_convertor("identity", _Identity())

Kind = Annotated[str, Path(pattern=f"^{KIND}$", description="A type of resource.", examples=["ChargeItem"])]
Identity = Annotated[str, Path(pattern=f"^{IDENTITY}$", description="The resource's id.")]
