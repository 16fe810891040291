# SPDX-License-Identifier: GPL-2.0
# sheath: the kernel module, the programs, their checks. `make help` lists the targets.

KVER ?= $(shell uname -r)
PREFIX ?= /usr/local
DESTDIR ?=
# su leaves out the folders of programs for root
export PATH := $(PATH):/usr/sbin:/sbin

# the newest kernel whose release starts with $(1) and whose headers are here, be it where
# setup.sh keeps them
SHEATH_CACHE ?= /var/tmp/sheath
MODULES := /lib/modules $(SHEATH_CACHE)/images/lib/modules
newest = $(shell ls -d $(MODULES:=/$(1)*/build) 2>/dev/null | \
	sed 's,.*/\(.*\)/build$$,\1 &,' | sort -s -V -k 1,1 | sed -n '$$s/.* //p')
ifndef KDIR
KDIR := $(or $(firstword $(wildcard $(MODULES:=/$(KVER)/build))),$(call newest,$(KVER).),$(call newest,$(KVER)-))
ifeq ($(KDIR)$(filter command line environment,$(origin KVER)),)
KDIR := $(call newest,)
endif
endif

BUILD := $(CURDIR)/build
# A kernel's objects have a folder of their own, so that builds for several do not mix.
KNAME ?= $(notdir $(if $(findstring /lib/modules/,$(KDIR)),$(KDIR:/build=),$(abspath $(KDIR))))
KMOD := $(BUILD)/kmod/$(KNAME)
KMAKE = $(MAKE) -C $(KDIR) M=$(KMOD) $(if $(shell grep -s '^CONFIG_UML=y' $(KDIR)/.config),ARCH=um)
# targets that prepare a fresh machine, as root; SETUP= for a machine that is ready
SETUP ?= selftests/setup.sh

all: module userspace

# sheath.ko for one kernel: the one that is running, or KVER=6.12, or KDIR=FOLDER
module: kmod
	@cp $(KMOD)/sheath.ko sheath.ko
	@echo "sheath.ko is for $(KNAME)"

# the same, left in build/kmod/NAME only
kmod:
	@test -d '$(KDIR)' || { \
		echo "no kernel headers for $(KVER): install linux-headers, or give KVER= or KDIR=" >&2; exit 1; }
	@mkdir -p $(KMOD)
	@rsync -a --delete --include='*/' --include=/Kbuild --include='*.[ch]' --exclude='*' \
		kernel Kbuild $(KMOD)/
	+$(KMAKE) modules

# where the headers are that a module is built with
kdir:
	@echo '$(KDIR)'

userspace:
	+$(MAKE) -C userspace O=$(BUILD)

tests: userspace
	+$(MAKE) -C selftests O=$(BUILD)/selftests

# what was built for another kernel than the one that is running is installed only if it was asked for
ASKED := $(filter command line environment,$(origin KVER) $(origin KDIR))
for-this-kernel:
	@test -n '$(ASKED)' || test '$(KNAME)' = '$(shell uname -r)' || { \
		echo "the headers here are for $(KNAME), and $(shell uname -r) is running:" \
			"install its linux-headers, or give KVER= or KDIR=" >&2; exit 1; }

install: for-this-kernel all
	+$(KMAKE) INSTALL_MOD_PATH=$(DESTDIR) modules_install
	+$(MAKE) -C userspace O=$(BUILD) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) install
	[ -d $(DESTDIR)$(PREFIX)/lib/modules-load.d ] || install -d $(DESTDIR)$(PREFIX)/lib/modules-load.d
# an unprivileged setsockopt(TCP_ULP) does not load the module, so boot does
	echo sheath >$(DESTDIR)$(PREFIX)/lib/modules-load.d/sheath.conf

# of every kernel, but for what DKMS has
uninstall:
	+$(MAKE) -C userspace O=$(BUILD) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) uninstall
	rm -f $(DESTDIR)$(PREFIX)/lib/modules-load.d/sheath.conf
	for d in $(DESTDIR)/lib/modules/*/updates $(DESTDIR)/lib/modules/*/extra; do \
		ls $$d/sheath.ko* >/dev/null 2>&1 || continue; \
		rm -f $$d/sheath.ko*; \
		$(if $(DESTDIR),:,depmod) $$(basename $$(dirname $$d)); \
	done

check check-fast check-upstream stress coverage:
	$(SETUP) $@
	selftests/run-$@

# SECONDS in all
fuzz:
	$(SETUP) $@
	+$(MAKE) -C selftests O=$(BUILD)/selftests fuzz

bench:
	$(SETUP) $@
	selftests/run-bench
	selftests/run-bench-mac

demo:
	$(SETUP) $@
	selftests/demo/run

interop:
	$(SETUP) $@
	selftests/interop/run
	selftests/run-interop
	selftests/matrix/run

# checkpatch, shellcheck, codespell: quick enough for a hook before each commit
style:
	selftests/check-style
	selftests/check-words

bisect-check:
	selftests/bisect-check '$(RANGE)'

compile_commands.json: kmod
	selftests/compile-commands $(KNAME) >$@

# objects of a kernel build started in this folder itself go as well
clean:
	rm -rf build compile_commands.json sheath.ko sheath.o sheath.mod* .sheath.* Module.symvers modules.order .Module.* .modules.*
	find kernel \( -name '*.o' -o -name '.*.cmd' \) -delete

help:
	@echo 'make              sheath.ko here, programs in build/'
	@echo '                  KVER=6.12 (a release or how it begins) or KDIR=FOLDER selects the kernel'
	@echo 'make install      module, programs, library, headers, manual pages; PREFIX=, DESTDIR='
	@echo 'make uninstall    of every kernel; with the same PREFIX= and DESTDIR='
	@echo 'make clean'
	@echo 'make style        what checkpatch, shellcheck and codespell have to say'
	@echo 'make bisect-check RANGE=main..  every commit builds by itself'
	@echo 'make compile_commands.json      for clangd and other tools'
	@echo 'As root; these install the packages they need on Debian 12:'
	@echo 'make demo         files served and fetched over TLS in a virtual machine'
	@echo 'make check        every check: 6.1 and 6.12 in QEMU, a debug kernel and 7.3 (two CPUs) in UML'
	@echo 'make check-fast   kernel selftests in UML only'
	@echo 'make check-upstream  the tests of in-tree kernel TLS, from the kernel sources, against sheath'
	@echo 'make stress       tests that have a short form in full: whole matrices, five minutes of everything'
	@echo '                  at once, on the same kernels; hours'
	@echo 'make coverage     which lines and branches of the module the kernel selftests come to, in UML'
	@echo 'make fuzz         SECONDS=60 of random input for the record engine, in user space'
	@echo 'make interop      gigabytes to openssl and GnuTLS over many keys; nginx and other programs'
	@echo '                  that ask the kernel for TLS, with sheath; every suite with openssl,'
	@echo '                  GnuTLS, NSS, JSSE and mbedTLS'
	@echo 'make bench        cost of a record against in-tree kernel TLS, and against OpenSSL, in UML'

.PHONY: all module kmod kdir userspace tests for-this-kernel install uninstall check check-fast check-upstream stress coverage bench demo fuzz \
	interop style bisect-check clean help
