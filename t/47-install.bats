# SPDX-License-Identifier: ISC
# make install: where things go, and that a stranger can build against them.
load lib

@test "install honours PREFIX and DESTDIR, and a program builds against what it installs" {
	local top=$BATS_TEST_DIRNAME/.. d=$BATS_TEST_TMPDIR/dest
	run -0 make -s -C "$top" install B="$(cd "$BIN/.." && pwd)" DESTDIR="$d" PREFIX=/opt/ml
	[ "$(cd "$d" && find . -type f | sort)" = "./opt/ml/bin/ml-enqueue
./opt/ml/bin/ml-explode
./opt/ml/bin/ml-mkspool
./opt/ml/bin/ml-requeue
./opt/ml/bin/ml-runner
./opt/ml/bin/ml-status
./opt/ml/include/spool.h
./opt/ml/lib/libspool.a
./opt/ml/lib/pkgconfig/spool.pc
./opt/ml/share/man/man1/ml-enqueue.1
./opt/ml/share/man/man1/ml-explode.1
./opt/ml/share/man/man1/ml-mkspool.1
./opt/ml/share/man/man1/ml-requeue.1
./opt/ml/share/man/man1/ml-runner.1
./opt/ml/share/man/man1/ml-status.1" ]
	grep -qx 'prefix=/opt/ml' "$d/opt/ml/lib/pkgconfig/spool.pc"
	cat >"$BATS_TEST_TMPDIR/own.c" <<-'END'
		#include <spool.h>
		#include <stdio.h>
		int main(int argc, char **argv) {
			struct spool s;
			if (argc < 2 || spool_open(&s, argv[1]) < 0)
				return 1;
			printf("%d\n", spool_paused(&s));
			spool_close(&s);
			return 0;
		}
	END
	# the flags of a sanitized library are needed again where it is linked
	cc -std=c11 ${SANITIZE:-} -I"$d/opt/ml/include" "$BATS_TEST_TMPDIR/own.c" -L"$d/opt/ml/lib" -lspool -pthread \
		-o "$BATS_TEST_TMPDIR/own" || skip "the library was built with flags that a plain cc does not know"
	mkspool
	run -0 "$BATS_TEST_TMPDIR/own" "$SPOOL"
	[ "$output" = 0 ]
	touch "$SPOOL/paused"
	run -0 "$BATS_TEST_TMPDIR/own" "$SPOOL"
	[ "$output" = 1 ]
}
