#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# spool-layout.md against the code: its names and constants, its examples and recipes, and two
# programs in shell that were written from it alone, working with ours.
# Not tested here: what a power cut leaves; several hosts.

load lib

DOC=$BATS_TEST_DIRNAME/../spool-layout.md
HEADER=$BATS_TEST_DIRNAME/../libspool/spool.h
PRODUCER=$BATS_TEST_DIRNAME/layout/producer.sh
CONSUMER=$BATS_TEST_DIRNAME/layout/consumer.sh

setup()
{
	export TMPDIR=$BATS_TEST_TMPDIR        # a consumer that is killed leaves its own there
	mkspool
	GOT=$BATS_TEST_TMPDIR/got
	: >"$GOT"
	# The receiver: fails for fail@, later for later@.
	cat >"$BATS_TEST_TMPDIR/deliver" <<-'END'
		#!/bin/sh
		echo "$SENDER $RECIPIENT $(cksum)" >>"$(dirname "$0")/got"
		case $RECIPIENT in
		fail*) exit 67 ;;
		later*) exit 75 ;;
		esac
	END
	chmod +x "$BATS_TEST_TMPDIR/deliver"
}

ours()
{
	ml-runner -1q "$SPOOL" pipe "$BATS_TEST_TMPDIR/deliver"
}

theirs()
{
	"$CONSUMER" "$SPOOL" "$BATS_TEST_TMPDIR/deliver"
}

# constant NAME: its number in spool.h
constant()
{
	awk -v n="SPOOL_$1" '$1 == "#define" && $2 == n { print $3 }' "$HEADER"
}

# section TITLE: the lines below a heading
section()
{
	awk -v t="## $1" '/^##* / { on = $0 == t || $0 == "#" t } on' "$DOC"
}

# recipe TITLE: the first sh block behind the paragraph that begins with **TITLE
recipe()
{
	section Recipes | awk -v t="**$1" '
		index($0, t) == 1 { on = 1 }
		on && /^```$/ { exit }
		on == 2
		on && /^```sh$/ { on = 2 }'
}

follow()
{
	local code
	code=$(recipe "$1")
	[ -n "$code" ]
	(cd "$SPOOL" && B=$2 U=${2#*.} sh -ec "$code")
}

# put NAME TEXT…: an envelope and its message, by hand
put()
{
	local name=$1
	shift
	printf 'Subject: x\r\n\r\nHello.\r\n' >"$SPOOL/mess/${name#*.}"
	printf '%s\n' "$@" >"$SPOOL/new/$name"
}

@test "the document has the directories that spool.h has" {
	code=$(sed -n '/^enum spool_dir {/,/}/p' "$HEADER" | grep -o 'SPOOL_[A-Z]*' | grep -v DIRS |
	    sed 's/SPOOL_//' | tr '[:upper:]' '[:lower:]' | sort)
	doc=$(section Directories | sed -n 's/^| `\([a-z]*\)\/` .*/\1/p' | sort)
	[ -n "$doc" ]
	[ "$doc" = "$code" ]
}

@test "ml-mkspool makes what the document lists, and nothing else" {
	doc=$(section Directories | sed -n 's/^| `\([a-z]*\)\/*` .*/\1/p' | grep -v paused | sort)
	[ "$(find "$SPOOL" -mindepth 1 -printf '%f\n' | sort)" = "$doc" ]
	[ -p "$SPOOL/trigger" ]
}

@test "the document has the lengths that spool.h has" {
	grep -q "^order .*= $(constant ORDER_DIGITS)DIGIT " "$DOC"
	grep -q "^unique .*\*$(($(constant UNIQUE_MAX) - 1))( " "$DOC"
	grep -q "^runner .*\*$(($(constant RUNNER_MAX) - 1))( " "$DOC"
	grep -q "^key .*\*$(($(constant KEY_MAX) - 1))( " "$DOC"
	grep -q "^reply .*= 1\*$(constant TEXT_NOTE)( " "$DOC"
	name=$(($(constant ORDER_DIGITS) + 1 + $(constant UNIQUE_MAX)))
	grep -q "^name .*at most $name octets" "$DOC"
	grep -q "^claim .*at most $((name + 1 + $(constant RUNNER_MAX))) octets" "$DOC"
	section Envelope | tr '\n' ' ' | sed 's/,//g' >"$BATS_TEST_TMPDIR/text"
	limits="at most $(constant STAGE_BUFFER) octets a recipient's line at most $(constant LINE_MAX)"
	grep -q "$limits" "$BATS_TEST_TMPDIR/text"
}

@test "the document has the states and roles of a runner that spool.h has" {
	row=$(grep '^| `state` | ' "$DOC" | grep -o '`[a-z]*`' | tr -d '`' | grep -v state | sort)
	code=$(grep '^enum spool_state' "$HEADER" | grep -o 'SPOOL_[A-Z]*' | sed 's/SPOOL_//' |
	    tr '[:upper:]' '[:lower:]' | sort)
	[ -n "$code" ]
	[ "$row" = "$code" ]
	row=$(grep '^| `role` | ' "$DOC" | grep -o '`[a-z]*`' | tr -d '`' | grep -v role | sort)
	code=$(grep '/\* "runner", ' "$HEADER" | grep -o '"[a-z]*"' | tr -d '"' | sort)
	[ -n "$code" ]
	[ "$row" = "$code" ]
}

@test "every state that the document mentions is defined, without a gap" {
	defined=$(section States | sed -n 's/^| \([SB][0-9]*\) .*/\1/p')
	for letter in S B; do
		n=0
		for s in $(grep "^$letter" <<<"$defined"); do
			[ "$s" = "$letter$n" ]
			n=$((n + 1))
		done
		[ $n -gt 5 ]
	done
	for s in $(grep -oE '\b[SB][0-9]+\b' "$DOC" | sort -u); do
		grep -qx "$s" <<<"$defined" || { echo "$s is not defined"; false; }
	done
}

@test "every guarantee is one line, and numbered without a gap" {
	n=0
	while read -r _ number text; do
		n=$((n + 1))
		[ "$number" = "$n." ]
		[[ $text == *. ]]
	done < <(grep 'Guarantee:' "$DOC")
	[ $n -gt 10 ]
	[ "$(grep -c '^Guarantee: [0-9]*\. ' "$DOC")" -eq $n ]
}

@test "the example envelope is what its hex dump says, and its marks are where the text says" {
	need xxd
	sed -n '/^```hex$/,/^```$/p' "$DOC" | grep -v '`' | xxd -r -p >"$BATS_TEST_TMPDIR/hex"
	awk '/^```$/ && !in_block { in_block = 1; text = ""; next }
	    /^```$/ { in_block = 0; next }
	    /^```hex$/ { printf "%s", text; exit }
	    /^```/ { in_block = 1; text = "" }
	    in_block { text = text $0 "\n" }' "$DOC" >"$BATS_TEST_TMPDIR/text"
	cmp "$BATS_TEST_TMPDIR/hex" "$BATS_TEST_TMPDIR/text"
	offsets=$(grep -abo '^T000' "$BATS_TEST_TMPDIR/hex" | cut -d : -f 1 | xargs)
	grep -q "at the offsets ${offsets/ / and }\." "$DOC"
}

@test "names are made as the document says" {
	unique='T[0-9a-f]{8}P[0-9]+Q[0-9]+R[0-9a-f]{8}\.[A-Za-z0-9_=+@.-]{1,40}'
	run -0 ml-enqueue -f n@l.example "$SPOOL" ann@example.com < <(letter)
	[[ $output =~ ^[0-9]{16}\.$unique$ ]]
	run -0 ml-explode -f n@l.example -n 1 -m <(letter) "$SPOOL" < <(addresses 3)
	[[ $output =~ ^[0-9]{16}\.$unique$ ]]
	b=$output
	start=${b%%.*}
	[ "$(cd "$SPOOL/new/$b" && ls)" = "$(printf '%s\n' \
	    "$b.1" "$((start + 100000)).${b#*.}.2" "$((start + 200000)).${b#*.}.3")" ]
	[ "$(cd "$SPOOL/mess" && ls "${b#*.}".*)" = "$(printf '%s\n' "${b#*.}".{1,2,3})" ]
}

@test "the shell producer and ml-enqueue store the same message" {
	printf 'Subject: x\n\na\rb\r\n\r\nlast' >"$BATS_TEST_TMPDIR/m"
	a=$("$PRODUCER" "$SPOOL" n@l.example ann@example.com <"$BATS_TEST_TMPDIR/m")
	b=$(ml-enqueue -f n@l.example "$SPOOL" ann@example.com <"$BATS_TEST_TMPDIR/m")
	cmp "$(text_of "$a")" "$(text_of "$b")"
	[ "$(stat -c '%a %u %g' "$SPOOL/new/$a")" = "$(stat -c '%a %u %g' "$SPOOL/new/$b")" ]
	[ "$(rcpts | uniq -c | awk '{ print $1 }')" = 2 ]
}

@test "ml-runner delivers what the shell producer made" {
	letter | "$PRODUCER" "$SPOOL" n@l.example ann@example.com fail@example.com
	letter | "$PRODUCER" -b -n 2 "$SPOOL" n@l.example \
	    bob@example.com eve@example.com later@example.com
	ours
	[ "$(awk '{ print $1, $2 }' "$GOT" | sort)" = \
	    "$(printf 'n@l.example %s@example.com\n' ann bob eve fail later)" ]
	[ "$(cut -d ' ' -f 3- "$GOT" | sort -u)" = "$(letter | cksum)" ]
	run -0 tree
	assert_lines 'defer/b.2
done/b.1
fail/a
mess/a
mess/b.2'
}

@test "the shell consumer delivers what ml-enqueue and ml-explode made" {
	letter | ml-enqueue -f n@l.example "$SPOOL" ann@example.com fail@example.com
	printf '%s@example.com\n' bob eve later |
	    ml-explode -f n@l.example -V += -n 2 -m <(letter) "$SPOOL"
	theirs
	[ "$(cut -d ' ' -f 1,2 "$GOT" | sort)" = "n+bob=example.com@l.example bob@example.com
n+eve=example.com@l.example eve@example.com
n+later=example.com@l.example later@example.com
n@l.example ann@example.com
n@l.example fail@example.com" ]
	[ "$(cut -d ' ' -f 3- "$GOT" | sort -u)" = "$(letter | cksum)" ]
	run -0 tree
	assert_lines 'defer/b.2
done/b.1
fail/a
mess/a
mess/b.2'
}

@test "three shell consumers and three runners share a spool, and nobody gets it twice" {
	addresses 60 | ml-explode -f n@l.example -n 2 -m <(letter) "$SPOOL"
	for _ in 1 2 3; do
		start ours
		start theirs
	done
	for p in "${STARTED[@]}"; do
		wait "$p"
	done
	[ "$(awk '{ print $2 }' "$GOT" | sort)" = "$(addresses 60 | sort)" ]
	[ -z "$(cd "$SPOOL" && find new cur mess -mindepth 1)" ]
}

@test "the shell consumer stops when its claims were revoked" {
	letter | ml-enqueue -f n@l.example "$SPOOL" ann@example.com bob@example.com
	cat >"$BATS_TEST_TMPDIR/deliver" <<-END
		#!/bin/sh
		echo "\$RECIPIENT" >>"$GOT"
		rm "$SPOOL"/run/*
		mv "$SPOOL"/cur/*:* "$SPOOL/cur/\$(basename "$SPOOL"/cur/*:* | sed 's/:.*//'):other"
	END
	run -75 theirs
	[ "$(cat "$GOT")" = ann@example.com ]
	[ "$(cd "$SPOOL" && cat cur/*:other | grep '^[TD]')" = 'D250 ann@example.com
T000 bob@example.com' ]
	[ -z "$(cd "$SPOOL" && find new "done" defer hold -mindepth 1)" ]
}

@test "ml-requeue notes, revokes and returns what a killed shell consumer left" {
	letter | ml-enqueue -f n@l.example "$SPOOL" ann@example.com
	printf '#!/bin/sh\nkill -9 $PPID\n' >"$BATS_TEST_TMPDIR/deliver"
	run -137 theirs
	dead=$(ls "$SPOOL/run")
	run -0 ml-requeue "$SPOOL"
	output=$(sed -e 's/^boot [^ ]*$/boot B/' \
	    -e 's/^seen [0-9]* [0-9]*\.[0-9]\{9\} 0 /seen S T 0 /' "$SPOOL"/run/.seen.*)
	assert_lines "ml1
boot B
seen S T 0 $dead"
	[ -e "$SPOOL/run/$dead" ]
	run -0 ml-requeue -g 0 "$SPOOL"
	[ "$(grep '^[T!]' "$(envelopes new)")" = "T000 ann@example.com
! 0 died $dead todo=1" ]
	[ -z "$(find "$SPOOL/cur" "$SPOOL/run" -name "*$dead")" ]
}

@test "both consumers agree on odd envelopes" {
	from='from n@l.example' born='born 1795430645' x='T000 x@e.example'
	for consumer in ours theirs; do
		mkspool "$BATS_TEST_TMPDIR/$consumer"
		: >"$GOT"
		n=1795430645000000
		put $n.plain ml1 "$born" "$from" 'x-new what' 'rcpts 0000000001' '' 'T000 1@e.example'
		put $n.null ml1 'from ' "$born" '' 'T000 2@e.example'
		put $n.noted ml1 'from ' "$born" '' 'T451 3@e.example	k=v' '! nonsense' '! 1 451 busy'
		put $n.more ml1 "$from" "$born" 'rcpts 1' '' 'T000 4@e.example' "$x"
		put $n.mixed ml1 "$from" "$born" '' 'D250 x@e.example' 'F550 x@e.example' 'T000 8@e.example'
		put $n.empty ml1 "$from" "$born" 'rcpts 0' ''
		put $n.done ml1 "$from" "$born" '' 'D250 x@e.example'
		put $n.version ml2 "$from" "$born" '' "$x"
		put $n.torn ml1 "$from" "$born" 'rcpts 2' '' "$x"
		put $n.half ml1 "$from" "$born" '' "$x"
		printf 'T000 y@e.exam' >>"$SPOOL/new/$n.half"
		put $n.tail ml1 "$from" "$born" '' 'T000 10@e.example'
		printf '! 1 45' >>"$SPOOL/new/$n.tail"
		put $n.strange ml1 "$from" "$born" '' "$x" 'what' 'T000 y@e.example'
		put $n.nofrom ml1 "$born" '' "$x"
		put $n.noborn ml1 "$from" '' "$x"
		put $n.bare ml1 'from' "$born" '' "$x"
		put $n.badrcpts ml1 "$from" "$born" 'rcpts many' '' "$x"
		put $n.twice ml1 'from x@l.example' "$from" "$born" '' 'T000 5@e.example'
		put $n.headonly ml1 "$from" "$born"
		put $n.notext ml1 "$from" "$born" '' "$x"
		rm "$SPOOL/mess/notext"
		put $n..hidden ml1 "$from" "$born" '' "$x"
		put $n.field ml1 "$from" "$born" '' 'T000 6@e.example	k=v		n=	'
		put $n.delims ml1 "$from" "$born" 'verp ><' '' 'T000 7@e.example'
		put $n.spaces ml1 "$from" "$born" 'verp   ' '' 'T000 9@e.example'
		put $n.dots ml1 "$from" "$born" 'verp ..' '' 'T000 11@e.example'
		put $n.atoms ml1 "$from" "$born" 'verp #?' '' 'T000 12@e.example'
		put $n.long ml1 "$from" "$born" '' "T000 $(printf %0310d 13)@e.example"
		put $n.longer ml1 "$from" "$born" '' "T000 $(printf %0311d 13)@e.example"
		put $n.wide ml1 "$from" "$born" '' "T000 14@e.example	k=$(printf %08177d 0)"
		put $n.wider ml1 "$from" "$born" '' "T000 14@e.example	k=$(printf %08178d 0)"
		put $n.nokey ml1 "$from" "$born" '' 'T000 x@e.example	=v'
		put $n.novalue ml1 "$from" "$born" '' 'T000 x@e.example	k'
		put $n.spaced ml1 "$from" "$born" '' 'T000 x@e.example	k k=v'
		put $n.control ml1 "$from" "$born" '' 'T000 x@e.example	k='$'\e'
		put $n.angles ml1 'from <>' "$born" '' "$x"
		put $n.once ml1 "$from" 'born then' "$born" '' "$x"
		put $n.first ml1 'from <x>' "$from" "$born" '' "$x"
		put $n.never ml1 "$from" 'born 18446744073709551615' "$born" '' "$x"
		put $n.body ml1 "$from" "$born" 'body 08' '' "$x"
		put $n.slot ml1 "$from" "$born" 'slot 9 1 raw name' '' "$x"
		put $n.noslot ml1 "$from" "$born" 'slot 9 raw name' '' 'D250 x@e.example'
		put $n.merged ml1 "$from" "$born" 'slot 9 1 raw name x y' '' 'D250 x@e.example'
		: >"$SPOOL/new/$n.void"
		mkdir "$SPOOL/new/$n.nobody"
		run -0 $consumer
		(cd "$SPOOL" && find new cur defer fail "done" hold -mindepth 1 | sed 's,/[0-9]*\.,/,' | sort) \
		    >"$BATS_TEST_TMPDIR/tree.$consumer"
		awk '{ print (NF == 4 ? $1 : "<>"), $(NF - 2) }' "$GOT" | sort >"$BATS_TEST_TMPDIR/got.$consumer"
	done
	head -n 50 "$BATS_TEST_TMPDIR/tree.theirs"
	diff "$BATS_TEST_TMPDIR/tree.ours" "$BATS_TEST_TMPDIR/tree.theirs"
	diff "$BATS_TEST_TMPDIR/got.ours" "$BATS_TEST_TMPDIR/got.theirs"
	[ "$(awk '{ print $2 }' "$BATS_TEST_TMPDIR/got.ours" | sort -n | xargs)" = \
	    "$(printf '%s@e.example\n' {1..12} "$(printf %0310d 13)" 14 | xargs)" ]
	run -0 grep -c ^hold/ "$BATS_TEST_TMPDIR/tree.ours"
	[ "$output" = 24 ]
	grep -qx 'new/.hidden' "$BATS_TEST_TMPDIR/tree.ours"
}

@test "a runner's file has the document's keys in the document's order" {
	start ml-runner "$SPOOL" pipe true
	has_file() { [ -s "$(find "$SPOOL/run" -type f ! -name '.*')" ]; }
	wait_for has_file
	file=$(find "$SPOOL/run" -type f ! -name '.*')
	[[ ${file##*/} =~ ^[0-9]{16}\.[A-Za-z0-9_=+@.-]{1,40}\.$PID\.[0-9a-f]{8}$ ]]
	doc=$(section 'Liveness, lease and revoking' | sed -n '/^| `host`/,/^$/p' |
	    grep -o '^| [^|]*' | grep -o '[a-z]*')
	[ "$(cut -d ' ' -f 1 "$file" | grep -c .)" -gt 5 ]
	[ "$(cut -d ' ' -f 1 "$file")" = "$(grep -xF -f <(cut -d ' ' -f 1 "$file") <<<"$doc")" ]
	stop "$PID"
	[ "$status" -eq 0 ]
	[ -z "$(ls "$SPOOL/run")" ]
}

@test "a key's record is what the document says" {
	letter >"$BATS_TEST_TMPDIR/m"
	b=$(printf 'ann@example.com\n' | ml-explode -f n@l.example -k 42 -m "$BATS_TEST_TMPDIR/m" "$SPOOL")
	f=$(envelopes new)
	[ "$(cat "$SPOOL/sent/42")" = "ml1
broadcast $b
sums $(cksum <"$(text_of "$f")") $(printf 'ann@example.com\n' | cksum)" ]
	[ "$(head_of "$f" key)" = 42 ]
}

@test "recipes: a broadcast is paused, resumed, and cancelled with its messages" {
	b=$(addresses 4 | ml-explode -f n@l.example -n 1 -m <(letter) "$SPOOL")
	mv "$SPOOL"/new/*/*.2 "$SPOOL/new/"
	mv "$SPOOL"/new/*/*.3 "$SPOOL/defer/"
	follow 'Pause a broadcast' "$b"
	[ "$(envelopes new cur defer)" = '' ]
	[ "$(envelopes hold | wc -l)" -eq 4 ]
	(cd "$SPOOL" && mv -T "hold/$b" "new/$b")
	[ "$(envelopes new | wc -l)" -eq 4 ]
	follow 'Pause a broadcast' "$b"
	follow 'Cancel it' "$b"
	[ -z "$(tree)" ]
}

@test "recipes: a broadcast is paused to the last envelope, though one goes back and forth meanwhile" {
	local b x
	b=$(addresses 2 | ml-explode -f n@l.example -n 1 -m <(letter) "$SPOOL")
	x=$(cd "$SPOOL/new/$b" && ls -- *.2)
	mv "$SPOOL/new/$b/$x" "$SPOOL/cur/$x:r"
	# its runner puts it back just before somebody looks into cur/ and claims it just after; a while later
	# it puts it back for good
	mkdir "$BATS_TEST_TMPDIR/path"
	cat >"$BATS_TEST_TMPDIR/path/find" <<-END
		#!/bin/sh
		[ "\$1" = cur ] && mkdir "$BATS_TEST_TMPDIR/once" 2>/dev/null || exec $(command -v find) "\$@"
		mv "cur/$x:r" "new/$x"
		$(command -v find) "\$@"
		mv "new/$x" "cur/$x:r"
	END
	printf '#!/bin/sh\nmv "cur/%s:r" "new/%s"\n' "$x" "$x" >"$BATS_TEST_TMPDIR/path/sleep"
	chmod +x "$BATS_TEST_TMPDIR"/path/*
	PATH=$BATS_TEST_TMPDIR/path:$PATH follow 'Pause a broadcast' "$b"
	[ -d "$BATS_TEST_TMPDIR/once" ]
	run -0 tree
	assert_lines 'hold/a/
hold/a/a.1
hold/a/a.2
mess/a.1
mess/a.2'
}

@test "recipes: who got it, who did not, and again to those who failed" {
	b=$(printf '%s@example.com\n' ann fail later |
	    ml-explode -f n@l.example -n 1 -m <(letter) "$SPOOL")
	ours
	[ "$(follow 'Who got it' "$b")" = ann@example.com ]
	follow 'Again to those who failed' "$b"
	[ "$(rcpts new | cut -c 1,6-)" = Tfail@example.com ]
	[ -z "$(ls "$SPOOL/fail")" ]
	[ "$(cd "$SPOOL" && A='later@example\.com' sh -c "$(recipe 'Look for')" | wc -l)" -eq 1 ]
}

@test "recipes: a broadcast goes first, flat, in its own order" {
	letter | ml-enqueue -f n@l.example "$SPOOL" ann@example.com
	b=$(addresses 12 | ml-explode -f n@l.example -n 1 -m <(letter) "$SPOOL")
	follow 'This one first' "$b"
	theirs
	[ "$(awk '{ print $2 }' "$GOT")" = "$(addresses 12; echo ann@example.com)" ]
}

@test "recipes: drained, nothing is claimed until paused is removed" {
	letter | ml-enqueue -f n@l.example "$SPOOL" ann@example.com
	follow 'Drain' .
	ours
	theirs
	[ ! -s "$GOT" ]
	rm "$SPOOL/paused"
	theirs
	[ -s "$GOT" ]
}

@test "recipes: a restored spool sends nothing by itself, and tells what was copied twice" {
	n=1795430645000000
	put $n.ready ml1
	put $n.claimed ml1
	put $n.later ml1
	mv "$SPOOL/new/$n.claimed" "$SPOOL/cur/$n.claimed:r"
	mv "$SPOOL/new/$n.later" "$SPOOL/defer/"
	cp "$SPOOL/cur/$n.claimed:r" "$SPOOL/done/1795430646000000.claimed"
	mkdir "$SPOOL/tmp/$n.half"
	: >"$SPOOL/tmp/.text.half"
	: >"$SPOOL/run/r"
	: >"$SPOOL/run/.seen.h"
	run -0 follow 'Restore' .
	[ "$output" = claimed ]
	[ "$(cd "$SPOOL/hold" && ls)" = "$(printf "$n.%s\n" claimed later ready)" ]
	[ -z "$(cd "$SPOOL" && find new cur defer tmp run -mindepth 1)" ]
	[ -e "$SPOOL/paused" ]
}

# got_since LOG-LINE…: what the recipe makes of one envelope to ann, bob and eve with that log
got_since()
{
	mkdir -p "$SPOOL/hold/1795430645000000.b"
	printf '%s\n' ml1 'born 1795430645' 'from n@l.example' 'id <a=1@l.example>' '' \
	    'T000 ann@example.com	name=Ann' 'T451 bob@example.com' 'F550 eve@example.com' '! 0 451 later' \
	    >"$SPOOL/hold/1795430645000000.b/1795430645000000.b.1"
	[ $# -eq 0 ] || printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/log"
	LOG=$BATS_TEST_TMPDIR/log H=hold/1795430645000000.b follow 'Who got it since' .
	sed '1,/^$/d' "$SPOOL"/hold/*/*
}

@test "recipes: who got it since, from a log as each logger writes it" {
	local stamp to='delivered id=<a=1@l.example> to'
	# nothing, multilog t and s6-log t, svlogd -tt, s6-log T, syslog
	for stamp in '' '@400000006b0951d523db2554 ' '2026-11-27_09:47:55.62327 ' \
	    '2026-11-27 09:47:55.623278123  ' 'Nov 27 09:47:55 host ml-runner[811]: '; do
		run -0 got_since "${stamp}connected to=127.0.0.1:25" \
		    "$stamp$to=ann@example.com code=250 text=\"250 2.0.0 Ok\" delay=3" \
		    "${stamp}delivered id=<other@l.example> to=bob@example.com code=250 text=\"250 Ok\" delay=3" \
		    "${stamp}deferred id=<a=1@l.example> to=bob@example.com code=451 text=\"451 $to=bob@example.com\" delay=3" \
		    "$stamp$to=eve@example.com code=250 text=\"250 2.0.0 Ok\" delay=3"
		assert_lines 'D250 ann@example.com	name=Ann
T451 bob@example.com
F550 eve@example.com
! 0 451 later'
	done
	[ -z "$(ls "$SPOOL/tmp")" ]
}

@test "recipes: who got it since, from a log that is empty or missing, changes nothing" {
	: >"$BATS_TEST_TMPDIR/log"
	for _ in 1 2; do
		run got_since
		[ "${lines[-4]}" = 'T000 ann@example.com	name=Ann' ]
		[ "${lines[-3]}" = 'T451 bob@example.com' ]
		[ "$(head -n 1 "$SPOOL"/hold/*/*)" = ml1 ]
		rm -f "$BATS_TEST_TMPDIR/log"
	done
}
