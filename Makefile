# SPDX-License-Identifier: ISC
# make, make demo, make check, make check-long, make lint, make bench, make install.  No configure step.
CC      = cc
CFLAGS  = -O2 -g
WARN    = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
          -Wmissing-prototypes -Wwrite-strings
STD     = -std=c11 -D_XOPEN_SOURCE=700
PREFIX  = /usr/local
DESTDIR =
B       = build

PROGRAMS = ml-mkspool ml-enqueue ml-explode ml-runner ml-requeue ml-status
VERSION  = 0.1

COMPILE = $(CC) $(STD) $(WARN) $(CFLAGS) $(CPPFLAGS) -MMD -MP -Ilibspool -Icmd/common
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
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

$B/%.o: %.c
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

$B/t/sink: $(wildcard t/sink/*.c) t/sink/sink.h
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$^)

clean:
	rm -rf $B

-include $(shell find $B -name '*.d' 2>/dev/null)

.PHONY: all clean
