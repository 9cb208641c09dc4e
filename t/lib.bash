# SPDX-License-Identifier: ISC
# What the tests share.  In t/: `load lib`; in t/long/: `load ../lib`.
#
#   mkspool [PATH]          makes a spool and sets SPOOL to it ($BATS_TEST_TMPDIR/spool)
#   tree [PATH]             what is in a spool, sorted, one path a line, without the parts that vary:
#                           UNIQUEs become a, b, c … (in their order of creation), ORDERs go, RUNNERs
#                           become R.  Directories end in /.  An empty spool prints nothing, so
#                           [ -z "$(tree)" ] says that nothing at all is left anywhere.
#   wait_for [-t S] CMD…    runs CMD every 20 ms, later every 100, until it is true; after S (10) seconds fails and
#                           shows the state of the spool
#   envelopes [DIR…]        paths of the envelopes below DIRs (new cur defer fail done hold), sorted
#   rcpts [DIR…]            all recipient lines in them: "T000 ann@example.com"
#   state                   where each envelope is, its recipients and its notes
#   head_of FILE KEY        the value of KEY in an envelope's head; fails if there is none
#   text_of ENVELOPE        the path of its message
#   addresses N             N recipients, user1@example.com …
#   letter [SUBJECT]        a small message with a header
#   start CMD…              runs CMD in the background: pid in PID, output in $PID_OUT and $PID_ERR;
#                           teardown kills what is left of it
#   start_with_int CMD…     likewise, but INT is not ignored, as background jobs have it
#   stop PID [SIGNAL]       sends it, waits; the exit code is in $status
#   sink [OPTIONS]          starts an SMTP receiver on a free port: its port in PORT, its log in LOG,
#                           every command in it, its rules in RULES, its pid in SINK_PID
#   rule LINE…              replaces its rules
#   runner [OPTIONS]        ml-runner on SPOOL, to that receiver
#   start_runner [OPTIONS]  the same in the background, as start does
#   accepted                "RCPT" for each accepted recipient, in the order of their texts
#   delivered               how many that are
#   has_delivered N         true once at least N are
#   twice                   recipients that were accepted more than once
#   commands [PATTERN]      the command lines it got, of those that match
#   event NAME              how many events of that kind its log has
#   explode N [OPTIONS]     a broadcast to N addresses, without VERP: NAME and UNIQUE are its own
#   post [ADDRESS…]         an envelope to them (ann@example.com): NAME and UNIQUE are its own
#   now                     the time in microseconds
#   nothing_claimed         cur/ is empty
#   clean N                 nothing claimed, no runner, and N recipients of whom each is D or T000
#   state_is STATE          a runner's file says so
#   assert_lines TEXT       compares $output with TEXT, shows both if they differ
#   assert_stderr TEXT      likewise $stderr
#   need PROGRAM…           skips the test, with the reason, where one is missing
#   need_strace             likewise, where strace is missing or may not trace
#   as_nobody CMD…          runs CMD without any privilege (skips where that can't be had), in
#                           $BATS_TEST_TMPDIR: give it relative paths, since nobody may search /root
#   page PROGRAM            the path of its manual page
#   synopsis PROGRAM        its SYNOPSIS as one line, as usage prints it
#   run_examples PROGRAM    runs each example of its page with SPOOL in the place of /var/spool/ml/news

bats_require_minimum_version 1.5.0

BIN=$(cd "${BIN:-$BATS_TEST_DIRNAME/../build/bin}" 2>/dev/null || cd "$BATS_TEST_DIRNAME/../../build/bin" && pwd)
PATH=$BIN:$PATH
LC_ALL=C
export BIN PATH LC_ALL
unset NAME SENDER RECIPIENT
STARTED=()

mkspool()
{
	SPOOL=${1:-$BATS_TEST_TMPDIR/spool}
	"$BIN/ml-mkspool" "$SPOOL"
}

# shellcheck disable=SC2120
tree()
{
	(
		cd "${1:-$SPOOL}" || exit
		find . -path './*/*' -type d -exec printf '%s/\n' {} + -o \
			-path './*/*' -print -o -type f -print
	) | sed 's,^\./,,' | sort | awk '
	# Not every awk knows {16}.
	BEGIN { for (i = 0; i < 16; i++) digits = digits "[0-9]" }
	# A broadcast`s envelope ends in .k, which stays.
	function base(u) { sub(/\.[0-9]+$/, "", u); return u }
	function note(u) { u = base(u); if (!(u in seen)) { seen[u] = 1; order[++n] = u } }
	{
		line[NR] = $0
		m = split($0, part, "/")
		for (i = 2; i <= m; i++) {
			p = part[i]
			sub(/:.*/, "", p)
			sub(/^\.text\./, "", p)
			if (p ~ ("^" digits "\\."))
				note(substr(p, 18))
			else if (part[1] == "mess" && i == 2)
				note(p)
		}
	}
	function letter(text,   i, at) {
		for (i = 1; i <= n; i++)
			while ((at = index(text, order[i])) > 0)
				text = substr(text, 1, at - 1) "\001" i "\002" substr(text, at + length(order[i]))
		for (i = 1; i <= n; i++)
			gsub("\001" i "\002", i <= 26 ? substr("abcdefghijklmnopqrstuvwxyz", i, 1) : "u" i, text)
		return text
	}
	END {
		for (i = 2; i <= n; i++) {              # by UNIQUE, which begins with the time
			u = order[i]
			for (j = i - 1; j >= 1 && order[j] > u; j--)
				order[j + 1] = order[j]
			order[j + 1] = u
		}
		for (i = 1; i <= NR; i++) {
			t = line[i]
			if (t ~ /^run\/[^.]/)
				t = "run/R"
			sub(/:.*/, ":R", t)
			t = letter(t)
			gsub(digits "\\.", "", t)
			print t
		}
	}' | sort
}

wait_for()
{
	local seconds=10 end looks=0
	if [ "$1" = -t ]; then
		seconds=$2
		shift 2
	fi
	end=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -gt "$end" ]; then
			echo "waited $seconds seconds in vain for: $*"
			if [ -d "${SPOOL:-/nowhere}" ]; then tree; fi
			return 1
		fi
		# what takes long is looked at less often: the look takes time from what is waited for
		looks=$((looks + 1))
		if [ "$looks" -lt 100 ]; then sleep 0.02; else sleep 0.1; fi
	done
}

envelopes()
{
	local d
	[ $# -gt 0 ] || set -- new cur defer fail 'done' hold
	for d; do
		find "$SPOOL/$d" -type f -name '[0-9]*.*'
	done | sort
}

rcpts()
{
	envelopes "$@" | xargs -r -d '\n' grep -haE '^[TDF][0-9]{3} ' || :
}

state()
{
	local f
	envelopes | while IFS= read -r f; do
		basename "$(dirname "$f")"
		sed '1,/^$/d' "$f"
	done
}

head_of()
{
	sed -n -e '/^$/q' -e "s/^$2 //p" -e "s/^$2\$//p" "$1" | grep -a ''
}

text_of()
{
	local name=${1##*/}
	name=${name%%:*}
	printf '%s\n' "$SPOOL/mess/${name#*.}"
}

addresses()
{
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) print "user" i "@example.com" }'
}

# shellcheck disable=SC2120
letter()
{
	printf 'From: news@example.org\nTo: list@example.org\nSubject: %s\nMessage-ID: <1@example.org>\n\nHello.\n' "${1:-test}"
}

start()
{
	PID_OUT=$BATS_TEST_TMPDIR/out.${#STARTED[@]}
	PID_ERR=$BATS_TEST_TMPDIR/err.${#STARTED[@]}
	"$@" >"$PID_OUT" 2>"$PID_ERR" 3>&- &
	PID=$!
	STARTED+=("$PID")
}

start_with_int()
{
	env --default-signal=INT true 2>/dev/null || skip 'this env has no --default-signal'
	start env --default-signal=INT "$@"
}

# shellcheck disable=SC2034
stop()
{
	kill -s "${2:-TERM}" "$1" 2>/dev/null || :
	status=0
	wait "$1" || status=$?
}

stop_started()
{
	local p
	for p in "${STARTED[@]}"; do
		kill -s CONT "$p" 2>/dev/null || :
		kill -s KILL "$p" 2>/dev/null || :
		wait "$p" 2>/dev/null || :
	done
	STARTED=()
}

# A strace that is killed lets go on what it traced.
stop_traced()
{
	local p
	for p in "${STARTED[@]}"; do
		pgrep -P "$p" | xargs -r kill -s KILL
	done
	stop_started
}

# best_of TRIES MOST CMD…: CMD asserts, and sets TOOK; noise is not there each time, while a fault is,
# so that one of the tries has to take no more than MOST
best_of()
{
	local i
	for ((i = 0; i < $1; i++)); do
		"${@:3}"
		echo "${*:3}: $TOOK of $2"
		[ "$TOOK" -gt "$2" ] || return 0
	done
	return 1
}

sink()
{
	local n=${SINKS:-0}
	SINKS=$((n + 1))
	SINK=${SINK:-$BIN/../t/sink}
	LOG=$BATS_TEST_TMPDIR/sink.log
	RULES=$BATS_TEST_TMPDIR/sink.rules
	rm -f "$BATS_TEST_TMPDIR/sink.port"
	start "$SINK" -T 120 -v -l "$LOG" -r "$RULES" -p "$BATS_TEST_TMPDIR/sink.port" "$@" 127.0.0.1 0
	SINK_PID=$PID
	wait_for test -e "$BATS_TEST_TMPDIR/sink.port"
	PORT=$(cat "$BATS_TEST_TMPDIR/sink.port")
}

# A new file in its place: the receiver never reads half of one.
rule()
{
	printf '%s\n' "$@" >"$RULES.new"
	mv "$RULES.new" "$RULES"
}

runner()
{
	ml-runner "$@" "$SPOOL" smtp 127.0.0.1 "$PORT"
}

start_runner()
{
	start ml-runner "$@" "$SPOOL" smtp 127.0.0.1 "$PORT"
}

accepted()
{
	grep -v '^#' "$LOG" | cut -f 4
}

delivered()
{
	grep -vc '^#' "$LOG" || :
}

has_delivered()
{
	[ "$(delivered)" -ge "$1" ]
}

twice()
{
	accepted | sort | uniq -d
}

commands()
{
	sed -n 's/^# cmd [0-9]* //p' "$LOG" | grep -e "${1:-}" || :
}

event()
{
	grep -c "^# $1 " "$LOG" || :
}

explode()
{
	local n=$1
	shift
	NAME=$(ml-explode -f news@example.org "$@" -l <(addresses "$n") -m <(letter) "$SPOOL")
	UNIQUE=${NAME#*.}
}

post()
{
	[ $# -gt 0 ] || set -- ann@example.com
	NAME=$(letter | ml-enqueue -f news@example.org "$SPOOL" "$@")
	UNIQUE=${NAME#*.}
}

now()
{
	date +%s%6N
}

# A test file with a teardown of its own calls stop_started in it; one that traces, stop_traced.
teardown()
{
	stop_started
}

# shellcheck disable=SC2154
assert_lines()
{
	if [ "$output" != "$1" ]; then
		printf 'expected:\n%s\ngot:\n%s\n' "$1" "$output"
		return 1
	fi
}

# shellcheck disable=SC2154
assert_stderr()
{
	if [ "$stderr" != "$1" ]; then
		printf 'expected on stderr:\n%s\ngot:\n%s\n' "$1" "$stderr"
		return 1
	fi
}

need()
{
	local p
	for p; do
		command -v "$p" >/dev/null || skip "$p is not installed"
	done
}

need_strace()
{
	need strace pgrep
	strace -o "$BATS_TEST_TMPDIR/trace" -e trace=none true 2>/dev/null || skip "strace may not trace here"
}

as_nobody()
{
	(
		cd "$BATS_TEST_TMPDIR" || exit
		if [ "$(id -u)" -ne 0 ]; then
			"$@"
			exit
		fi
		command -v setpriv >/dev/null || skip "setpriv is not installed, and this runs as root"
		chmod a+rx .
		mkdir -p nobody.bin
		cp "$BIN"/ml-* nobody.bin
		PATH=nobody.bin:$PATH setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	)
}

page()
{
	local root=$BATS_TEST_DIRNAME/..
	[ -d "$root/cmd" ] || root=$root/..
	printf '%s\n' "$root/cmd/$1/$1.1"
}

synopsis()
{
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$(page "$1")" | sed -n \
		-e '/^\.Sh/d' -e "s/^\.Nm.*/$1/" -e 's/^\.Op \(.*\)/[\1]/' -e 's/^\.//' \
		-e 's/Fl \([a-zA-Z0-9]\)/-\1/g' -e 's/Ar //g' -e p | tr '\n' ' ' | sed 's/ $//'
	echo
}

run_examples()
{
	local i n
	n=$(grep -c '^\.Bd -literal' "$(page "$1")")
	for ((i = 1; i <= n; i++)); do
		awk -v want="$i" '/^\.Ed/ { on = 0 } on { print }
			/^\.Bd -literal/ { on = ++k == want }' "$(page "$1")" |
			sed -e 's/\\e/\\/g' -e "s,/var/spool/ml/news,$SPOOL,g" >"$BATS_TEST_TMPDIR/example.$i"
		sh -eu "$BATS_TEST_TMPDIR/example.$i" || {
			echo "example $i of $1 failed:"
			cat "$BATS_TEST_TMPDIR/example.$i"
			return 1
		}
	done
	[ "$n" -gt 0 ]
}

nothing_claimed()
{
	[ -z "$(ls -A "$SPOOL/cur")" ]
}

# No claim, no run file, and N recipients of whom each is either D or T000.
clean()
{
	nothing_claimed
	[ -z "$(find "$SPOOL/run" -name '[0-9]*')" ]
	[ -z "$(envelopes defer fail hold)" ]
	[ "$(rcpts | wc -l)" -eq "$1" ]
	[ "$(rcpts | grep -c '^D250')" -eq "$(delivered)" ]
	[ "$(rcpts new | grep -c '^T')" -eq $(($1 - $(delivered))) ]
}

state_is()
{
	grep -q "^state $1$" "$SPOOL"/run/[0-9]*
}
