"""Stands between the lab and each of its processes for a moment: arranges that the process dies with the lab, then becomes it.

    guard.py PARENT_PID DEATH_SIGNAL ACCOUNT COMMAND...

ACCOUNT is `same`, `UID:GID`, or `namespace`: user 1000 inside a namespace that maps it to who we are, for PostgreSQL, which
refuses to be root, in a checkout that no other account can reach. Nothing here may be slow: every process passes through.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
libc = ctypes.CDLL(None, use_errno=True)


def enter_own_user_namespace():
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWUSER):
        sys.exit(f"cannot make a user namespace: {os.strerror(ctypes.get_errno())}; "
                 "PostgreSQL needs one, or a checkout in a folder that other accounts may enter")
    for name, text in (("setgroups", "deny"), ("uid_map", f"1000 {user} 1"), ("gid_map", f"1000 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def main():
    parent, death_signal, account, *command = sys.argv[1:]
    if account == "namespace":
        enter_own_user_namespace()
    elif account != "same":
        user, group = map(int, account.split(":"))
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    # after the account: changing it clears the death signal
    libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != int(parent):
        sys.exit("the lab is gone already")
    os.execvp(command[0], command)


main()
