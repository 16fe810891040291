# SPDX-License-Identifier: GPL-2.0
"""By what factor the rigs' limits of time grow on a machine that is busy: shared by vmrun and umlrun."""
import os, subprocess

# what a host does in the time an idle guest needs
HOST = '8'
SLOW = os.path.join(os.path.dirname(os.path.realpath(__file__)), 'slow')


def factor():
    """1 or more; see the program"""
    return int(subprocess.run([SLOW, HOST], capture_output=True, text=True, check=True).stdout)
