"""Run as a script just before a server: drop to a user if asked, die with the parent, then become the server.

    python -I -S shim.py PARENT_PID DEATH_SIGNAL UID:GID|- COMMAND [ARGUMENT ...]

A shim and not `preexec_fn`: it also works behind `unshare`, which would clear the death signal, and it runs no Python
between fork and exec. macOS has no death signal; there the pid files find what was left (orphans.py).
"""

import os
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(arguments: list[str]) -> None:
    """Become the command. Exits 1 if the parent is already gone."""
    parent, death_signal, identity, *command = arguments
    libc = None
    if sys.platform == "linux":
        import ctypes  # before the user changes: Python itself may lie where that user cannot read

        libc = ctypes.CDLL(None)
    if identity != "-":
        uid, gid = (int(part) for part in identity.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if libc is not None:
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)  # after it: changing the user clears the signal
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
