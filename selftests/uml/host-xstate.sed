# SPDX-License-Identifier: GPL-2.0
# Applied to arch/x86/um/os-Linux/registers.c of the kernel source.
# PTRACE_SETREGSET wants the whole extended state the host knows, which is more than the
# 2696 bytes of this file where the CPU has AMX; what is given beyond that is cut off.
s/^#include <stdlib.h>/&\n#include <string.h>/
/^int restore_fp_registers/,/^}/{
s/^\tstruct iovec iov;/\tstatic char full[16384] __attribute__((aligned(64)));\n&/
s/iov\.iov_base = fp_regs;/memcpy(full, fp_regs, FP_SIZE * sizeof(unsigned long));\n\t\tiov.iov_base = full;/
s/iov\.iov_len = .*/iov.iov_len = sizeof(full);/
}
