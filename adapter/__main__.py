"""``python -m adapter`` is the command ``adapter``."""

from adapter.doors.cli.app import main

if __name__ == "__main__":
    main()
