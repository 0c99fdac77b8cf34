"""Start a service so that it cannot outlive the process that started it.

``python -m core.process PARENT[+NICE] MODULE ARGUMENT ...`` asks the kernel to kill this process
when its parent dies, then runs the module as ``python -m MODULE`` would.  A supervisor that
is killed with SIGKILL has no chance to stop anybody; this is what leaves nothing behind.

**Source:** prctl(2), PR_SET_PDEATHSIG.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
from typing import Final

__all__ = ["die_with_parent", "main", "parent_arguments"]

_PR_SET_PDEATHSIG: Final = 1


def parent_arguments(module: str, *, niceness: int = 0) -> tuple[str, ...]:
    """Return the arguments for Python that run ``module`` under this process's life.

    Args:
        module: What to run.
        niceness: How far it stands back on the processor, from its first import on.
    """
    return ("-m", "core.process", f"{os.getpid()}+{niceness}", module)


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel send this process SIGKILL when its parent dies.

    Args:
        parent_pid: The parent as it was when this process was started; if it is gone
            already, the process exits at once.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:  # it died before we asked
        sys.exit(1)


def main() -> None:
    """Run a module under the parent's life."""
    (parent, _, niceness), module = sys.argv[1].partition("+"), sys.argv[2]
    die_with_parent(int(parent))
    os.nice(int(niceness or 0))
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
