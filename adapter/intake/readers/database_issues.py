"""Issues of reading a hospital's database. Codes SRC-15x.

What a database says in words may hold values and is never repeated.
"""

from __future__ import annotations

from adapter.model.issues import Issue, Severity

_AGAIN_ZH = "未取走任何数据,水位未移动;排除原因后再次读取即可"
_AGAIN_EN = "nothing was taken and the watermark has not moved; once the cause is gone, read again"


def database_away(source: str, state: str) -> Issue:
    """The database cannot be reached, refuses the login, or the connection broke off."""
    return Issue(
        code="SRC-150",
        severity=Severity.ERROR,
        pointer=f"{source}/database",
        zh=f"无法连接医院数据库,或登录被拒绝,或连接中断({state});{_AGAIN_ZH}",
        en=f"the hospital's database cannot be reached, refuses the login, or the connection broke off ({state}); "
        f"{_AGAIN_EN}",
        hint_zh="检查网络、来源文件 database.url 的主机和用户名、password_env 所指的环境变量",
        hint_en="check the network, host and user in database.url of the source file, and the variable that "
        "password_env names",
    )


def permission_refused(source: str, table: str, state: str) -> Issue:
    """The database does not let the user read a table."""
    return Issue(
        code="SRC-151",
        severity=Severity.ERROR,
        pointer=f"{source}/database/{table}",
        zh=f"数据库不允许该用户读取 {table} 的查询所用的视图或表({state});{_AGAIN_ZH}",
        en=f"the database does not let this user read what the query of {table} names ({state}); {_AGAIN_EN}",
        hint_zh="请数据库管理员对该只读用户授予这些视图的 SELECT 权限",
        hint_en="have the database administrator grant this user SELECT on those views",
    )


def query_failed(source: str, table: str, state: str) -> Issue:
    """The database refuses a query."""
    return Issue(
        code="SRC-152",
        severity=Severity.ERROR,
        pointer=f"{source}/database/{table}",
        zh=f"数据库无法执行 {table} 的查询({state});{_AGAIN_ZH}",
        en=f"the database cannot run the query of {table} ({state}); {_AGAIN_EN}",
        hint_zh="在数据库客户端中试运行来源文件里的该查询:视图或列名是否存在,数据能否转换",
        hint_en="run that query of the source file in a database client: do view and columns exist, can values be cast",
    )


def query_too_slow(source: str, table: str, seconds: float) -> Issue:
    """A query took longer than the limit."""
    return Issue(
        code="SRC-153",
        severity=Severity.ERROR,
        pointer=f"{source}/database/{table}",
        zh=f"读取 {table} 超过 {seconds:.0f} 秒;{_AGAIN_ZH}",
        en=f"reading {table} took more than {seconds:.0f} s; {_AGAIN_EN}",
        hint_zh="为水位列建索引,缩小查询范围,或增大 ADAPTER_LIMITS__SECONDS",
        hint_en="put an index on the watermark column, narrow the query, or raise ADAPTER_LIMITS__SECONDS",
    )


def float_column(source: str, table: str, column: str) -> Issue:
    """A column of binary floats: its digits are not those that were stored."""
    return Issue(
        code="SRC-154",
        severity=Severity.ERROR,
        pointer=f"{source}/database/{table}/{column}",
        zh=f"{table} 的列 {column} 是二进制浮点数(FLOAT、REAL),小数位不可靠;{_AGAIN_ZH}",
        en=f"column {column} of {table} is a binary float (FLOAT, REAL) whose digits cannot be relied on; {_AGAIN_EN}",
        hint_zh=f"在查询中转换:CAST({column} AS DECIMAL(18, 4)) AS {column};SQLite 用 CAST({column} AS TEXT)",
        hint_en=f"cast it in the query: CAST({column} AS DECIMAL(18, 4)) AS {column}; in SQLite CAST({column} AS TEXT)",
    )


def column_type_refused(source: str, table: str, column: str, type_name: str) -> Issue:
    """Bytes and other values that are no text, number or time."""
    return Issue(
        code="SRC-155",
        severity=Severity.ERROR,
        pointer=f"{source}/database/{table}/{column}",
        zh=f"{table} 的列 {column} 类型为 {type_name},不是文字、数字或时间;{_AGAIN_ZH}",
        en=f"column {column} of {table} is of type {type_name}: no text, number or time; {_AGAIN_EN}",
        hint_zh="在查询中去掉该列,或转换为文字",
        hint_en="leave the column out of the query, or turn it into text there",
    )


def view_columns_wrong(source: str, table: str, columns: str) -> Issue:
    """Key or watermark columns are missing, a name stands twice, or there are too many columns."""
    return Issue(
        code="SRC-156",
        severity=Severity.ERROR,
        pointer=f"{source}/database/{table}",
        zh=f"{table} 的查询缺少主键、关联键或水位列,列名重复,或列过多:{columns};{_AGAIN_ZH}",
        en=f"the query of {table} lacks a key or watermark column, names one twice, or has too many: {columns}; "
        f"{_AGAIN_EN}",
        hint_zh='列名须与映射一致(区分大小写);PostgreSQL 中用 AS "ZYH" 保留大写',
        hint_en='columns are named as in the mapping, case included; in PostgreSQL AS "ZYH" keeps upper case',
    )


def watermark_wrong(source: str, table: str, column: str, kind: str) -> Issue:
    """A watermark is not of the kind that the source file says, or texts of unequal length."""
    return Issue(
        code="SRC-157",
        severity=Severity.ERROR,
        pointer=f"{source}/database/{table}/{column}",
        zh=f"{table} 的水位列 {column} 的值不是约定的类型 {kind}(文字水位须等长);{_AGAIN_ZH}",
        en=f"a watermark in column {column} of {table} is not of kind {kind} (texts must be of equal length); "
        f"{_AGAIN_EN}",
        hint_zh="修改来源文件中该表的 kind,或在查询中转换该列;更换水位列后执行一次 adapter poll --full",
        hint_en="correct kind of that table in the source file, or cast the column in the query; after a change of the "
        "watermark column run adapter poll --full once",
    )


def driver_missing(source: str, driver: str, package: str) -> Issue:
    """The Python package that speaks to this database is not installed."""
    return Issue(
        code="SRC-158",
        severity=Severity.ERROR,
        pointer=f"{source}/database/url",
        zh=f"未安装数据库驱动 {driver}",
        en=f"the database driver {driver} is not installed",
        hint_zh=f"安装 Python 包:pip install '{package}'",
        hint_en=f"install the Python package: pip install '{package}'",
    )


def too_many_rows(source: str, table: str, limit: int) -> Issue:
    """A view gives more rows than the limit."""
    return Issue(
        code="SRC-159",
        severity=Severity.ERROR,
        pointer=f"{source}/database/{table}",
        zh=f"{table} 的查询超过 {limit} 行;{_AGAIN_ZH}",
        en=f"the query of {table} gives more than {limit} rows; {_AGAIN_EN}",
        hint_zh="缩小查询范围,或设置 start,使第一次读取只取近期数据",
        hint_en="narrow the query, or set start so that the first read takes recent rows only",
    )
