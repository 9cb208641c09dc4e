# SPDX-License-Identifier: ISC
# make, make demo, make check, make check-long, make mutate, make fuzz, make lint, make bench,
# make install: no configure step.
CC      = cc
CFLAGS  = -O2 -g
WARN    = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
          -Wmissing-prototypes -Wwrite-strings
STD     = -std=c11 -D_XOPEN_SOURCE=700
PREFIX  = /usr/local
DESTDIR =
B       = build
VERSION = 0.1

PROGRAMS = ml-mkspool ml-enqueue ml-explode ml-runner ml-requeue ml-status
PAGES    = $(foreach p,$(PROGRAMS),cmd/$p/$p.1)

COMPILE = $(CC) $(STD) $(WARN) $(CFLAGS) $(CPPFLAGS) -pthread -Ilibspool -Icmd/common
LIB     = $(patsubst %.c,$B/%.o,$(wildcard libspool/*.c))
COMMON  = $(patsubst %.c,$B/%.o,$(wildcard cmd/common/*.c))

all: $(PROGRAMS:%=$B/bin/%) $B/libspool.a

$B/libspool.a: $(LIB)
	rm -f $@ && $(AR) rcs $@ $(LIB)

$B/common.a: $(COMMON)
	rm -f $@ && $(AR) rcs $@ $(COMMON)

define program
$B/bin/$(1): $(patsubst %.c,$B/%.o,$(wildcard cmd/$(1)/*.c)) $B/common.a $B/libspool.a
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -pthread -o $$@ $$^
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

$B/%.o: %.c
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c -o $@ $<

# the programs see no more of the library than others do
$(patsubst %.c,$B/%.o,$(wildcard cmd/*/*.c)): | public-header-only
public-header-only:
	@! grep -nE '#include "(internal|names|sync|stage|count|marks|behind|helpers|witness|again)\.h"' cmd/*/*.[ch]

$B/t/sink: $(wildcard t/sink/*.c) t/sink/sink.h
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^)

$B/t/peer: $(wildcard t/peer/*.c) t/peer/peer.h
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^)

WRAPPED = openat close fsync fdatasync ftruncate renameat fstatat readdir clock_gettime
$B/t/calls: $(wildcard t/calls/*.c) t/calls/calls.h $B/libspool.a
	@mkdir -p $(@D)
	$(COMPILE) $(LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $(filter %.c,$^) $B/libspool.a

$B/t/powercut: $(wildcard t/power/*.c) t/power/power.h t/sink/crc32.c
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^)

$B/t/fault: $(wildcard t/fault/*.c) t/fault/fault.h
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^)

demo: all $B/t/sink
	sh contrib/demo/demo $B

bench: all $B/t/sink
	sh contrib/bench/run $B
	sh contrib/bench/senders $B
	sh contrib/bench/latency $B

check: all $B/t/sink $B/t/peer $B/t/calls
	t/run $B t/*.bats

check-long: all $B/t/sink $B/t/peer $B/t/calls $B/t/powercut $B/t/fault
	t/run -1 $B t/long/*.bats

# each line of the code that a promise hangs on, taken out once: a test has to notice
mutate:
	t/mutate $B

# chaos for so many seconds, then the reckoning; SEED=N repeats its choices
soak: SECONDS = 180
soak: all $B/t/sink
	t/soak/run $B $(SECONDS) $(SEED)

# the same promises with sanitizers, and without any call that only Linux has
check-asan:
	JOBS=2 $(MAKE) check B=$B/asan CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all'
check-portable:
	$(MAKE) check B=$B/portable CPPFLAGS=-DSPOOL_PORTABLE

# harnesses with clang's fuzzer, SECONDS each; without clang they can't be built
FUZZERS  = envelope name list header text reply verp status round
FUZZ     = -g -O1 -Werror -fsanitize=address,undefined -fno-sanitize-recover=all
fuzz: SECONDS = 30
fuzz:
	$(MAKE) B=$B/fuzz CC=clang CFLAGS='$(FUZZ) -fsanitize=fuzzer-no-link' $(FUZZERS:%=$B/fuzz/%)
	t/fuzz/run $B/fuzz $(SECONDS)

FUZZ_OBJ    = $(patsubst %,$B/t/fuzz/%.o,octets place hostile)
FUZZ_STATUS = $(patsubst %.c,$B/%.o,$(filter-out %/main.c %/output.c,$(wildcard cmd/ml-status/*.c)))
$(FUZZERS:%=$B/%): $B/%: $B/t/fuzz/%.o $(FUZZ_OBJ)
	$(CC) $(FUZZ) -fsanitize=fuzzer -o $@ $^
$(patsubst %,$B/%,list text header): $B/t/fuzz/feed.o
$B/reply: $B/cmd/ml-runner/reply.o
$B/status: $(FUZZ_STATUS)
$B/t/fuzz/%.o: CPPFLAGS += -Icmd/ml-status -Icmd/ml-runner
$(FUZZERS:%=$B/%): $B/common.a $B/libspool.a

lint:
	t/lint $B

install: all
	mkdir -p $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include
	cp $(PROGRAMS:%=$B/bin/%) $(DESTDIR)$(PREFIX)/bin
	cp $(PAGES) $(DESTDIR)$(PREFIX)/share/man/man1
	cp $B/libspool.a $(DESTDIR)$(PREFIX)/lib
	cp libspool/spool.h $(DESTDIR)$(PREFIX)/include
	printf '%s\n' 'prefix=$(PREFIX)' 'Name: spool' 'Description: a maildir-style spool for mailing lists' \
	    'Version: $(VERSION)' 'Libs: -L$${prefix}/lib -lspool -pthread' 'Cflags: -I$${prefix}/include -pthread' \
	    >$(DESTDIR)$(PREFIX)/lib/pkgconfig/spool.pc

clean:
	rm -rf $B

-include $(shell find $B -name '*.d' -type f 2>/dev/null)

.PHONY: all demo bench check check-long mutate soak fuzz check-asan check-portable lint install clean public-header-only
