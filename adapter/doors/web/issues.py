"""Issues of the service: who may come in, what was sent, what is not there. Codes API-8xx."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def unauthorised() -> Issue:
    """No token, or not the one of the settings."""
    return Issue(
        code="API-801",
        severity=Severity.ERROR,
        pointer="header.Authorization",
        zh="缺少访问令牌,或令牌不正确",
        en="the access token is missing or wrong",
        hint_zh="请在请求头中加入 Authorization: Bearer 令牌(令牌见服务设置 ADAPTER_API_TOKEN)",
        hint_en="send Authorization: Bearer with the token of the service's setting ADAPTER_API_TOKEN",
    )


def too_large(limit: int) -> Issue:
    """More was sent than the service takes."""
    return Issue(
        code="API-802",
        severity=Severity.ERROR,
        pointer="body",
        zh=f"请求内容超过上限({limit} 字节)",
        en=f"the request is larger than allowed ({limit} bytes)",
        hint_zh="请按日或按住院号分批导出后再发送,或压缩为 ZIP;上限见设置 ADAPTER_MAX_BODY_BYTES",
        hint_en="export by day or by stay and send several, or send a ZIP; ADAPTER_MAX_BODY_BYTES sets the limit",
    )


def wrong_request(pointer: str, message: str) -> Issue:
    """A parameter or field of the request is missing or has the wrong form."""
    return Issue(
        code="API-803",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="请求参数缺失或格式不对",
        en=f"the request is wrong here: {message}",
        hint_zh="请对照 docs/service.md 或 /openapi.json 修改后重新发送",
        hint_en="compare with docs/service.md or /openapi.json, then send again",
    )


def nothing_sent() -> Issue:
    """The upload holds no file."""
    return Issue(
        code="API-804",
        severity=Severity.ERROR,
        pointer="body",
        zh="请求中没有文件",
        en="the request holds no file",
        hint_zh="请发送 HIS 导出的文件、ZIP 或 tar 包",
        hint_en="send a file of the HIS export, or a ZIP or tar of them",
    )


def name_refused(pointer: str) -> Issue:
    """A file has no name, an unsafe one, or the same as another."""
    return Issue(
        code="API-805",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="文件名缺失、重复,或含有不允许的字符或路径",
        en="the file's name is missing, stands twice, or holds a path or characters that are not allowed",
        hint_zh="请用表名命名(例如 ?name=ZY_FYMX.xml),可用汉字、字母、数字、点、下划线和连字符",
        hint_en="name it after its table (?name=ZY_FYMX.xml): letters of any script, digits, dots, _ and -",
    )


def name_unknown(number: int) -> Issue:
    """A name beyond ASCII that is none of the source's tables; it may be a person's and is not repeated."""
    return Issue(
        code="API-820",
        severity=Severity.ERROR,
        pointer=f"file {number}",
        zh=f"第 {number} 个文件的中文名称不是该来源的任何一张表,未读取",
        en=f"the name of file {number} is not plain ASCII and none of this source's tables; nothing was read",
        hint_zh="请按 shape.yaml 中的表名命名文件,例如 住院费用记录.tsv;压缩包内的文件名同样如此",
        hint_en="name files after the tables in shape.yaml, in an archive too; other names must be plain ASCII",
    )


def archive_refused(pointer: str, zh: str, en: str) -> Issue:
    """A ZIP or tar, or a multipart body, that cannot be opened safely."""
    return Issue(
        code="API-806",
        severity=Severity.ERROR,
        pointer=pointer,
        zh=f"压缩包或表单内容无法安全打开:{zh}",
        en=f"the archive or form cannot be opened safely: {en}",
        hint_zh="请重新打包(普通 ZIP 或 tar,不加密,只含文件)后再发送",
        hint_en="pack it again (plain ZIP or tar, no password, files only) and send it once more",
    )


def archive_too_large(pointer: str) -> Issue:
    """An archive that unpacks to more than is allowed."""
    return Issue(
        code="API-807",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="压缩包解开后的文件数或大小超过上限",
        en="the archive unpacks to more files or bytes than allowed",
        hint_zh="请分批打包后再发送",
        hint_en="pack and send it in parts",
    )


def unknown_endpoint(name: str) -> Issue:
    """The settings describe no such endpoint."""
    return Issue(
        code="API-808",
        severity=Severity.ERROR,
        pointer=f"endpoints.{name}",
        zh=f"没有名为“{name}”的端点",
        en=f"there is no endpoint '{name}'",
        hint_zh="端点名称见服务设置 ADAPTER_ENDPOINTS",
        hint_en="the service's setting ADAPTER_ENDPOINTS names them",
    )


def no_such_resource(pointer: str) -> Issue:
    """No resource of that type and id is kept, or the type is not served."""
    return Issue(
        code="API-809",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="没有该资源",
        en="there is no such resource",
        hint_zh="可读取的资源类型见 /fhir/metadata",
        hint_en="/fhir/metadata lists the types that can be read",
    )


def resource_gone(pointer: str) -> Issue:
    """The resource was deleted."""
    return Issue(
        code="API-810",
        severity=Severity.ERROR,
        pointer=pointer,
        zh="该资源已删除",
        en="the resource was deleted",
        hint_zh="如需查看历史版本,请联系运维",
        hint_en="ask the operator for earlier versions",
    )


def unexpected(request_id: str) -> Issue:
    """Something went wrong that nobody foresaw; the log has the place."""
    return Issue(
        code="API-811",
        severity=Severity.FATAL,
        pointer=f"request/{request_id}",
        zh="服务内部错误,本次请求未完成",
        en="the service failed on this request",
        hint_zh="请把请求编号告诉运维;可安全重试,重复请求不会重复结算",
        hint_en="tell the operator the request id; trying again is safe, nothing is settled twice",
    )


def no_such_address(method: str, status: int) -> Issue:
    """The address, or the method on it, does not exist."""
    return Issue(
        code="API-812",
        severity=Severity.ERROR,
        pointer=f"{method} ({status})",
        zh="没有该地址,或该地址不支持此方法",
        en="there is no such address, or it does not take this method",
        hint_zh="全部地址见 docs/service.md 或 /docs",
        hint_en="docs/service.md and /docs list every address",
    )


def not_ready(part: str) -> Issue:
    """A part of the service cannot work now."""
    return Issue(
        code="API-813",
        severity=Severity.ERROR,
        pointer=part,
        zh=f"服务尚未就绪:{part}",
        en=f"the service is not ready: {part}",
        hint_zh="请检查数据库连接、mappings 目录和服务日志",
        hint_en="check the database connection, the mappings folder and the service's log",
    )


def token_needed(host: str) -> Issue:
    """Listening beyond this machine without a token would show patients' data to everybody."""
    return Issue(
        code="API-814",
        severity=Severity.FATAL,
        pointer="api_token",
        zh=f"在 {host} 上对外监听必须设置访问令牌",
        en=f"listening on {host}, beyond this machine, needs an access token",
        hint_zh="请设置 ADAPTER_API_TOKEN,或只监听 127.0.0.1",
        hint_en="set ADAPTER_API_TOKEN, or listen on 127.0.0.1 only",
    )


def key_taken() -> Issue:
    """The key belongs to another request."""
    return Issue(
        code="API-870",
        severity=Severity.ERROR,
        pointer="Idempotency-Key",
        zh="该 Idempotency-Key 已用于另一请求(内容、地址或操作人不同)",
        en="this Idempotency-Key was used for another request: body, address or actor differ",
        hint_zh="每个请求用新的键;重发时原样重发",
        hint_en="use a new key for each request, and repeat a request as it was",
    )


def key_running() -> Issue:
    """The first request under the key is still being worked on."""
    return Issue(
        code="API-871",
        severity=Severity.ERROR,
        pointer="Idempotency-Key",
        zh="同一请求正在处理",
        en="the same request is being worked on",
        hint_zh="稍后用同一键再取结果(Retry-After)",
        hint_en="ask again with the same key in a moment (Retry-After)",
    )


def key_lost() -> Issue:
    """The first request under the key ended without an answer; it may have done its work."""
    return Issue(
        code="API-872",
        severity=Severity.ERROR,
        pointer="Idempotency-Key",
        zh="同一请求先前中断,未留下应答;可能已生效",
        en="the same request was broken off before; it left no answer and may have done its work",
        hint_zh="请先查看该病例(GET /cases/…),需要时换新键重发",
        hint_en="look at the case first (GET /cases/…), then repeat under a new key where it is needed",
    )


def key_unusable() -> Issue:
    """A key is 1 to 200 visible ASCII characters."""
    return Issue(
        code="API-873",
        severity=Severity.ERROR,
        pointer="Idempotency-Key",
        zh="Idempotency-Key 须为 1 至 200 个可见 ASCII 字符",
        en="an Idempotency-Key is 1 to 200 visible ASCII characters",
        hint_zh="例如 UUID",
        hint_en="a UUID, for example",
    )


def not_acceptable() -> Issue:
    return Issue(
        code="API-850",
        severity=Severity.ERROR,
        pointer="Accept",
        zh="不能按所要的格式或 FHIR 版本回答",
        en="there is no answer in the format or FHIR version that was asked for",
        hint_zh="请用 application/fhir+json 或 application/fhir+xml;本地址为 R4 (fhirVersion=4.0)",
        hint_en="ask for application/fhir+json or application/fhir+xml; this address speaks R4 (fhirVersion=4.0)",
    )


def no_form() -> Issue:
    """A search whose parameters came in another form than R4's."""
    return Issue(
        code="API-898",
        severity=Severity.ERROR,
        pointer="Content-Type",
        zh="检索参数须以表单形式放在请求体里",
        en="the parameters of a search by POST are sent as a form",
        hint_zh="请用 Content-Type: application/x-www-form-urlencoded,内容如 identifier=系统|值",
        hint_en="send Content-Type: application/x-www-form-urlencoded with a body like identifier=system|value",
    )


def narrower_search(kind: str, most: int) -> Issue:
    return Issue(
        code="API-851",
        severity=Severity.WARNING,
        pointer=kind,
        zh=f"按个人信息检索的结果只给前 {most} 条,没有下一页链接(链接中不得有个人信息)",
        en=f"only the first {most} are given: a next link would hold the person's data that was searched for",
        hint_zh="请增加条件缩小范围,或提高 _count(最大 1000)",
        hint_en="add conditions, or raise _count (1000 at most)",
    )


def left_out(kind: str, name: str) -> Issue:
    return Issue(
        code="API-852",
        severity=Severity.WARNING,
        pointer=f"{kind}?{name}",
        zh="没有这个检索参数,按要求已忽略",
        en="there is no such search parameter; it was left out, as asked",
        hint_zh="结果可能比所要的更多",
        hint_en="the answer may be wider than the question",
    )


def more_included(kind: str) -> Issue:
    return Issue(
        code="API-853",
        severity=Severity.WARNING,
        pointer=kind,
        zh="附带的资源太多,只给了一部分",
        en="too many resources would come along; only some are given",
        hint_zh="请减小 _count,或减少 _include / _revinclude",
        hint_en="lower _count, or ask for fewer _include and _revinclude",
    )
