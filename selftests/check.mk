# SPDX-License-Identifier: GPL-2.0
# The steps of `make check` and what each needs; run-check has make run them, as many at
# once as there are processors.
STEP := selftests/step
# the steps' own makes are not part of this one
unexport MAKEFLAGS

uml-kernel:
	$(STEP) $@ selftests/uml/build-uml -v debug

build-6.1 build-6.12: build-%:
	$(STEP) $@ selftests/check-build $*

# of a newer kernel, $(NEWER), if there is one
uml-kernel-$(NEWER):
	$(STEP) $@ selftests/uml/build-uml -N -v perf

build-$(NEWER): uml-kernel-$(NEWER)
	$(STEP) $@ selftests/check-build $(NEWER)

uml-$(NEWER): build-$(NEWER) programs
	SHEATH_KO=build/kmod/check-$(NEWER)/sheath.ko $(STEP) -t $@ selftests/run-tests $(NEWER)

style:
	$(STEP) $@ selftests/check-style

house: build-6.12 programs
	$(STEP) $@ selftests/check-house

house-test:
	$(STEP) -t $@ selftests/check-house-test

words:
	$(STEP) $@ selftests/check-words

ynl:
	$(STEP) $@ /usr/bin/python3 selftests/ynl_agree.py

userspace:
	$(STEP) -t $@ make -s -C userspace O=$(CURDIR)/build check

unit:
	$(STEP) -t $@ make -s -C selftests unit

fuzz:
	$(STEP) -t $@ make -s -C selftests fuzz SECONDS=20

leak:
	$(STEP) -t $@ make -s -C selftests/leak check

programs:
	$(STEP) $@ make -s tests

vm-6.1 vm-6.12: vm-%: build-% programs
	SHEATH_KO=build/kmod/check-$*/sheath.ko $(STEP) -t $@ selftests/run-tests $*

uml-debug: uml-kernel programs
	$(STEP) -t $@ selftests/run-tests debug

rig: uml-kernel
	$(STEP) -t $@ selftests/check-rig

.PHONY: uml-kernel rig build-6.1 build-6.12 style house house-test words ynl userspace unit fuzz leak programs vm-6.1 vm-6.12 uml-debug \
	uml-kernel-$(NEWER) build-$(NEWER) uml-$(NEWER)
