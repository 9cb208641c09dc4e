# SPDX-License-Identifier: ISC
# What the scripts here share: `. lib.sh` with $here this directory and $build the build's.  The tools
# are built there, and the script goes on in a new directory below ${TMPDIR:-/var/tmp}, the disk to be
# measured, which goes with it.  Each measurement is a line in the file result.WHAT.
# shellcheck shell=sh
LC_ALL=C
export LC_ALL
unset NAME SENDER RECIPIENT

ROUNDS=${ROUNDS:-5}
SENDER=news-bounces@lists.example.org
PATH=$build/bench:$build/bin:$build/t:$PATH

die() {
	echo "bench: $*" >&2
	exit 1
}

mkdir -p "$build/bench" || exit 1
for tool in measure durable-copy blast claims receiver marks peak; do
	${CC:-cc} -std=c11 -D_XOPEN_SOURCE=700 -O2 -pthread -I"$here/../../libspool" -o "$build/bench/$tool" \
	    "$here/$tool.c" "$build/libspool.a" || die "$tool can't be built"
done

dir=$(mktemp -d "${TMPDIR:-/var/tmp}/ml-bench.XXXXXX") || exit 1
cd "$dir" || exit 1
receiver=
at_end() {
	:
}
hang_up() {
	[ -z "$receiver" ] || { kill "$receiver"; wait "$receiver"; } 2>/dev/null
	receiver=
}
finish() {
	at_end
	hang_up
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# listen OPTION...: a receiver on $port
listen() {
	hang_up
	rm -f port
	receiver -p port "$@" 0 &
	receiver=$!
	until [ -s port ]; do sleep 0.1; done
	port=$(cat port)
}

# timed WHAT COMMAND...: adds a line to the results of WHAT, beginning with a settled disk
timed() {
	what=$1
	shift
	sync
	measure "result.$what" "$@" >out 2>err || { tail -n 5 err >&2; die "$1 failed"; }
	echo "$what: $(tail -n 1 "result.$what")" >&2
}

# median WHAT COLUMN: wall, user, system, KiB; 23 is user and system together
median() {
	awk -v c="$2" '{ print c == 23 ? $2 + $3 : $c }' "result.$1" | sort -n |
		awk '{ a[NR] = $1 } END { print NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'
}

# ratio WHAT PEER: the median of the rounds' ratios of time, and the lowest and highest
ratio() {
	paste "result.$1" "result.$2" | awk '{ print $1 / $5 }' | sort -n |
		awk '{ a[NR] = $1 } END {
			m = NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2
			printf "%.2f (%.2f-%.2f)", m, a[1], a[NR]
		}'
}

most() {
	awk -v c="$2" '$c > m { m = $c } END { print m }' "result.$1"
}

rounds() {
	awk -v n="$ROUNDS" 'BEGIN { for (i = 1; i <= n; i++) print i }'
}

recipients() {
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "subscriber%d@example%d.org\n", i, i % 997 }'
}

message() {
	awk -v size="$1" 'BEGIN {
		text = "From: News <news@lists.example.org>\nTo: news@lists.example.org\n" \
		    "Subject: a post\nMessage-ID: <post@lists.example.org>\n\n"
		printf "%s", text
		for (n = length(text); n + 72 <= size; n += 72)
			printf "%-71s\n", "Line upon line, until there is as much of it as was asked for."
	}'
}

machine() {
	processor=$(sed -n 's/^model name[[:blank:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
	echo "Measured $(date -u +%Y-%m-%d) on $(uname -srm), $(getconf _NPROCESSORS_ONLN) processors" \
	    "(${processor:-unknown}), $(df -PT . 2>/dev/null | awk 'NR == 2 { print $2 }')."
}
