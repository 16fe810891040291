# SPDX-License-Identifier: GPL-2.0
"""By what factor the rigs' limits of time grow on a machine that is busy: shared by vmrun and umlrun."""
import os, subprocess

SLOW = os.path.join(os.path.dirname(os.path.realpath(__file__)), 'slow')


def factor():
    """1 or more; see the program"""
    return int(subprocess.run([SLOW], capture_output=True, text=True, check=True).stdout)
