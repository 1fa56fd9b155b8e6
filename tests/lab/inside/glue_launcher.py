"""Runs inside the Python program's venv: starts the real zino-argus-glue with Zino's notification port of our choice.

Its Zino library knows that port only as a default argument.

    glue_launcher.py NOTIFY_PORT [the program's own arguments]
"""

import sys

import zinoargus
from zinolib import ritz


def main():
    port = int(sys.argv.pop(1))
    connect = ritz.notifier.__init__

    def connect_to_port(self, session, *arguments, **options):
        connect(self, session, port, *arguments, **options)

    ritz.notifier.__init__ = connect_to_port
    zinoargus.main()


if __name__ == "__main__":
    main()
