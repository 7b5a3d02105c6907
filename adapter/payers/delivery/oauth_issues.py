"""Issues of signing in with OAuth 2.0: a key that cannot be used, a token that is not given or not taken."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def key_unusable(place: str, what: str) -> Issue:
    """The private key of an endpoint's OAuth client cannot be used."""
    return Issue(
        code="CFG-750",
        severity=Severity.FATAL,
        pointer=place,
        zh=f"OAuth 客户端私钥不可用:{what}",
        en=f"the private key of the OAuth client cannot be used: {what}",
        hint_zh="请检查 oauth.key 的路径与格式(PEM 无口令,或 JWK)并与 alg 相符(RS384:RSA 2048 位以上;ES384:EC P-384)",
        hint_en="check oauth.key: its place, PEM without a pass phrase or JWK, and that it fits alg "
        "(RS384: RSA of 2048 bits or more; ES384: EC on P-384)",
    )


def oauth_misplaced(place: str, what: str) -> Issue:
    """OAuth is set where it cannot be used."""
    return Issue(
        code="CFG-751",
        severity=Severity.FATAL,
        pointer=place,
        zh=f"此端点不能这样使用 OAuth:{what}",
        en=f"OAuth cannot be used so at this endpoint: {what}",
        hint_zh="oauth 只用于 fhir 方言,不与 token 并用;base_url 为 https 时 token_url 也须为 https",
        hint_en="oauth goes with the fhir dialect only, not beside token; token_url is https where base_url is",
    )


def no_token(endpoint: str, reason: str) -> Issue:
    """The token endpoint gave no token: nothing was sent to the payer."""
    return Issue(
        code="DEL-598",
        severity=Severity.ERROR,
        pointer=f"endpoints.{endpoint}.oauth",
        zh=f"令牌端点未发放令牌:{reason};报文未发出",
        en=f"the token endpoint gave no token: {reason}; nothing was sent",
        hint_zh="请与对方核对 client_id、登记的公钥(kid、alg)、scope 与本机时钟;系统会自行再试,"
        "改好后可执行 adapter outbox retry",
        hint_en="check client_id, the registered public key (kid, alg), scope and this machine's clock with the "
        "counterpart; the adapter tries again by itself, at once after adapter outbox retry",
    )


def no_token_now(endpoint: str, reason: str) -> Issue:
    """The token endpoint does not answer, or is not itself just now."""
    return Issue(
        code="DEL-632",
        severity=Severity.ERROR,
        pointer=f"endpoints.{endpoint}.oauth",
        zh=f"令牌端点暂时不可用:{reason}",
        en=f"the token endpoint is not to be had just now: {reason}",
        hint_zh="请核对 oauth.token_url 与网络,稍后再试",
        hint_en="check oauth.token_url and the network, and try again later",
    )


def not_let_in(key: str, status: int, scheme: str) -> Issue:
    """The endpoint did not let us in, so the message was not looked at: no refusal of the claim."""
    return Issue(
        code="DEL-599",
        severity=Severity.ERROR,
        pointer=key,
        zh=f"对方未接受本院的凭证(HTTP {status} {scheme}),报文未被处理",
        en=f"the endpoint does not accept our credentials (HTTP {status} {scheme}): the message was not looked at",
        hint_zh="请与对方核对 token 或 oauth 设置及权限(scope);系统会自行再试,改好后可执行 adapter outbox retry",
        hint_en="check token or oauth and the rights (scope) with the counterpart; the adapter tries again by itself, "
        "at once after adapter outbox retry",
    )
