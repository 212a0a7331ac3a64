"""The last step before a child's program: become the right user, and die with whoever started us.

Run by path with `python -I -S`, so that it starts in 20 ms and needs nothing but the standard library.
Arguments: the signal that the death of the parent sends, the parent's pid, `uid:gid` or `-`, the command.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int, signal_number: int) -> None:
    """Ask Linux to signal this process when the thread that started it ends; elsewhere pid files do what they can."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        os._exit(1)


def become_user(owner: str) -> None:
    if owner == "-":
        return
    uid, gid = (int(part) for part in owner.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def main() -> None:
    signal_number, parent, owner, *command = sys.argv[1:]
    become_user(owner)  # first: a change of user clears the death signal
    die_with_parent(int(parent), int(signal_number))
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
