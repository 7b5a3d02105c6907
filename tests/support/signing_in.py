"""Keys, client files and certificates for tests in which somebody must prove who they are."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from joserfc.jwk import ECKey, RSAKey

from adapter.payers.delivery.assertion import Signer, load_signer

CLIENT = "hospital-01"
SCOPE = "system/*.cruds"
Papers = dict[str, tuple[Path, Path]]


def key_file(folder: Path, alg: Literal["RS384", "ES384"] = "ES384", name: str = "key.pem") -> Path:
    """A new private key, as PEM or, where the name says so, as JWK."""
    made = RSAKey.generate_key(2048) if alg == "RS384" else ECKey.generate_key("P-384")
    file = folder / name
    if name.endswith(".json"):
        file.write_text(json.dumps(made.as_dict(private=True)), "utf-8")
    else:
        file.write_bytes(made.as_pem(private=True))
    return file


def signer_of(file: Path, alg: Literal["RS384", "ES384"] = "ES384", client_id: str = CLIENT, kid: str = "k1") -> Signer:
    return load_signer("endpoints.x.oauth.key", client_id=client_id, key=file, kid=kid, alg=alg)


def clients_file(folder: Path, *public: Mapping[str, Any], scope: str = SCOPE, token_seconds: int = 300) -> Path:
    """What a counterpart was told of the hospital: its public keys."""
    file = folder / "clients.json"
    client = {"scope": scope, "jwks": {"keys": list(public)}}
    file.write_text(json.dumps({"token_seconds": token_seconds, "clients": {CLIENT: client}}), "utf-8")
    return file


def papers_for(folder: Path, *names: str) -> Papers:
    """By name, a self-signed certificate for this machine and its key."""
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    found = {}
    for name in names:
        key, cert = folder / f"{name}.key", folder / f"{name}.pem"
        said = ["-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        subprocess.run([*made, *said, "-keyout", key, "-out", cert], check=True, capture_output=True)
        found[name] = cert, key
    return found
