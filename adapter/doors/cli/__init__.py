"""The command line: the same use cases for people at a terminal and for cron. 命令行。

In:    arguments; settings from environment and file.
Out:   the result on stdout, issues on stderr; exit 0 done, 1 the case has issues, 2 wrong usage.
Never: prints a secret or an ID number; reports success over an issue that stops.
Start: app.py.
"""
