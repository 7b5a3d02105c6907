"""Issues of listeners: settings with which nobody can listen. Codes CFG-720 … CFG-724."""

from __future__ import annotations

from adapter.model.issues import Issue, Severity


def plain_beyond_this_machine(source: str, host: str) -> Issue:
    """Patients' data would cross the network for everybody to read."""
    return Issue(
        code="CFG-720",
        severity=Severity.FATAL,
        pointer=f"listen.mllp.{source}",
        zh=f"在 {host} 上对外接收 MLLP 须使用 TLS",
        en=f"MLLP on {host}, beyond this machine, needs TLS",
        hint_zh="请设置 cert 和 key(需要时加 client_ca);网络本身已加密隔离时可写 plain = true",
        hint_en="set cert and key (and client_ca); where the network itself is closed and encrypted, plain = true",
    )


def folder_not_usable(source: str, reason: str) -> Issue:
    """The watched folder is not there, or files in it cannot be moved."""
    return Issue(
        code="CFG-721",
        severity=Severity.FATAL,
        pointer=f"listen.folder.{source}",
        zh=f"监视目录不可用:{reason}",
        en=f"the watched folder cannot be used: {reason}",
        hint_zh="请检查路径是否存在、服务账号是否可读写",
        hint_en="check that it exists and that the service's account may read and write there",
    )


def cannot_listen(source: str, host: str, port: int, reason: str) -> Issue:
    """The address is taken or is none of this machine's."""
    return Issue(
        code="CFG-722",
        severity=Severity.FATAL,
        pointer=f"listen.mllp.{source}",
        zh=f"无法在 {host}:{port} 上监听:{reason}",
        en=f"cannot listen on {host}:{port}: {reason}",
        hint_zh="请检查端口是否被占用、地址是否属于本机",
        hint_en="check whether the port is in use and the address is this machine's",
    )


def certificate_not_usable(source: str, reason: str) -> Issue:
    """A file of the TLS settings is missing or wrong, or one of cert and key is not set."""
    return Issue(
        code="CFG-723",
        severity=Severity.FATAL,
        pointer=f"listen.mllp.{source}",
        zh=f"TLS 证书或私钥不可用:{reason}",
        en=f"the TLS certificate or key cannot be used: {reason}",
        hint_zh="请检查 cert、key、client_ca 三个文件(PEM 格式)",
        hint_en="check the files cert, key and client_ca (PEM)",
    )


def nothing_to_listen_to(pointer: str) -> Issue:
    """No listener is set, a named source has none, or a polled one has no database."""
    return Issue(
        code="CFG-724",
        severity=Severity.FATAL,
        pointer=pointer,
        zh=f"没有可监听的入口:{pointer}",
        en=f"there is nothing to listen to: {pointer}",
        hint_zh="请在设置 listen 中登记,或使用 --mllp、--folder、--poll;轮询的来源须有 database 一节",
        hint_en="set listen, or give --mllp, --folder or --poll; a source that is polled needs its section database",
    )
