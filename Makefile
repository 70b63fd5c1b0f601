# SPDX-License-Identifier: GPL-2.0-or-later
# Builds, checks and installs ktally; `make help` lists the targets. (Kbuild says what the module is made of.)

VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
PREFIX  ?= /usr/local
KDIR    ?= /lib/modules/$(shell uname -r)/build
O       ?= build
Q       := $(if $(V),,@)
BIN     := $(if $(filter build,$(O)),ktally,$(O)/ktally)
LIB     := $(O)/libktally.a
# The program that writes manual pages and completion; name one of this machine when cross-compiling.
HOST_KTALLY ?= $(BIN)

ifneq ($(CROSS_COMPILE),)
CC := $(CROSS_COMPILE)gcc
AR := $(CROSS_COMPILE)ar
endif
ifneq ($(SYSROOT),)
CC += --sysroot=$(SYSROOT)
endif
CFLAGS   ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -DKTALLY_VERSION='"$(VERSION)"' -I$(O) -Iuapi -Ilib -I$(SYSROOT)/usr/include/libnl3
FLAGS    := -std=gnu11 -Wall -Wextra -Werror -MMD -MP
LDLIBS   += -lnl-genl-3 -lnl-3 -ltraceevent -lunwind-$(firstword $(subst -, ,$(shell $(CC) -dumpmachine))) -lunwind -ldw -lelf -lz -llzma -liberty -ldl -lm

LIB_OBJS  := $(patsubst %.c,$(O)/%.o,$(wildcard lib/*.c))
TOOL_OBJS := $(patsubst %.c,$(O)/%.o,$(wildcard tools/*.c))
COMMANDS  := profile stat syscalls func cache tally hist pair trace record report diff annotate session list doctor help completion man
MAN1      := $(O)/man/ktally.1 $(COMMANDS:%=$(O)/man/ktally-%.1)
PACKAGES  := gcc libc6-dev libnl-3-dev libnl-genl-3-dev libelf-dev libdw-dev liblzma-dev zlib1g-dev libiberty-dev libtraceevent-dev libunwind-dev

all: $(BIN) man ## build the program, its library and manual pages

$(BIN): $(TOOL_OBJS) $(LIB)
	@echo '  LD $@'
	$Q$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

lib: $(LIB) ## build the library alone
$(LIB): $(LIB_OBJS)
	@echo '  AR $@'
	$Qrm -f $@
	$Q$(AR) rcs $@ $^

$(O)/%.o: %.c $(O)/deps | $(O)/syscall_names.h
	@mkdir -p $(@D)
	@echo '  CC $<'
	$Q$(CC) $(CPPFLAGS) $(FLAGS) $(CFLAGS) -c -o $@ $<

$(O)/syscall_names.h: lib/syscall-names.sh $(O)/deps
	$Qsh lib/syscall-names.sh $(CC) > $@.new
	$Qmv $@.new $@

man: $(MAN1) ## write the manual pages to build/man
$(MAN1): $(HOST_KTALLY)
	@mkdir -p $(@D)
	$Q$(abspath $(HOST_KTALLY)) man $(patsubst ktally-%,%,$(filter-out ktally,$(basename $(@F)))) > $@.new
	$Qmv $@.new $@

# Once, and only what is missing; where all headers are there nothing is installed.
deps: $(O)/deps ## install what the build needs (Debian)
$(O)/deps: Makefile
	@mkdir -p $(O)
	@printf '#include <%s>\n' netlink/genl/genl.h libelf.h elfutils/libdw.h zlib.h lzma.h libiberty/demangle.h traceevent/event-parse.h libunwind.h | \
		$(CC) -I$(SYSROOT)/usr/include/libnl3 -E - >/dev/null 2>&1 || \
		$(if $(CROSS_COMPILE),{ echo 'make: $(CC) lacks headers of: $(PACKAGES)' >&2; exit 1; },tests/need $(PACKAGES))
	@touch $@

module: ## build ktally.ko for the kernel of KDIR (the running one)
	@test -e $(KDIR)/Makefile || \
		{ echo "make: no kernel headers in $(KDIR): install linux-headers-$$(uname -r), or name a build tree: make module KDIR=..." >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

demo: ## show it at work in a virtual machine
	tests/demo/run
check: ## run all tests; kernels run in virtual machines
	tests/check
bench: ## measure what a hit costs, beside other tracers
	tests/bench/run
	tests/bench/overhead
	tests/bench/symbols
fuzz: ## throw random input at parsers and readers
	tests/fuzz/run

install: all install-dkms ## install under PREFIX (/usr/local): program, pages, completion, library, module source
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/ktally
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 $(MAN1) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 tools/man/ktally-recording.5 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 tools/man/ktally-events.7 $(DESTDIR)$(PREFIX)/share/man/man7
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(abspath $(HOST_KTALLY)) completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ktally
	install -D -m 644 $(LIB) $(DESTDIR)$(PREFIX)/lib/libktally.a
	install -D -m 644 lib/libktally.h $(DESTDIR)$(PREFIX)/include/libktally.h
	install -d $(DESTDIR)$(PREFIX)/include/linux $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 644 uapi/linux/*.h $(DESTDIR)$(PREFIX)/include/linux
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@LIBS@|$(LDLIBS)|' lib/libktally.pc.in \
		> $(DESTDIR)$(PREFIX)/lib/pkgconfig/libktally.pc

SOURCE = $(DESTDIR)/usr/src/ktally-$(VERSION)
install-dkms: ## copy the module's source to where DKMS looks for it
	rm -rf $(SOURCE)
	install -d $(SOURCE)
	install -m 644 Kbuild dkms.conf $(SOURCE)
	find kmod uapi -type f ! -name '.*' ! -name '*.o' ! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' \
		! -path kmod/compat/config.h ! -path kmod/compat/config.log -exec cp --parents -p -t $(SOURCE) {} +

dkms-install: install-dkms ## build and install the module for the running kernel through DKMS
	@command -v dkms >/dev/null || tests/need dkms
	dkms remove ktally/$(VERSION) --all >/dev/null 2>&1 || :
	dkms install ktally/$(VERSION)

clean: ## remove what was built
	rm -rf build out ktally
	@test ! -e Module.symvers -a ! -e modules.order || $(MAKE) -C $(KDIR) M=$(CURDIR) clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 16

-include $(LIB_OBJS:.o=.d) $(TOOL_OBJS:.o=.d)
.DELETE_ON_ERROR:
.PHONY: all lib man deps module demo check bench fuzz install install-dkms dkms-install clean help
