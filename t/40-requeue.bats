# SPDX-License-Identifier: ISC
# ml-requeue: what is due, and what dead runners left.  Sweeping is in 46-sweep.bats.
# Not tested here: kills at each call and failing calls (strace): see long/.  A reboot is a run
# file with another boot; another host is one with another host name.
load lib

DEAD=1700000000000000.elsewhere.99.01020304

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

now()
{
	date +%s%6N | tail -c 17
}

# post [N]: an envelope with N recipients (1) in new/; NAME is its name, UNIQUE its unique part
post()
{
	# shellcheck disable=SC2046
	NAME=$(ml-enqueue -f news@example.org "$SPOOL" $(addresses "${1:-1}") < <(letter))
	UNIQUE=${NAME#*.}
}

# claim RUNNER: NAME's envelope is RUNNER's
claim()
{
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:$1"
}

# peer RUNNER KEY VALUE…: a run file, as the library writes it on this host, with KEYs changed
peer()
{
	local file=$SPOOL/run/$1
	shift
	local -A v=([host]=$(uname -n | cut -c 1-40) [pid]=$$ [start]=$(start_of $$)
		[boot]=$(cat /proc/sys/kernel/random/boot_id)
		[pidns]=$(readlink /proc/self/ns/pid | tr -dc 0-9) [role]=runner [state]=busy)
	while [ $# -gt 0 ]; do
		v[$1]=$2
		shift 2
	done
	local key
	for key in host pid start boot pidns role state; do
		printf '%s %s\n' "$key" "${v[$key]}"
	done >"$file"
	printf 'since 1700000000\ndone 0\nfailed 0\ndeferred 0\nlast \n' >>"$file"
}

start_of()
{
	sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20
}

# a process that is no more
gone()
{
	sh -c 'echo $$'
}

# shellcheck disable=SC2120
requeue()
{
	ml-requeue "$@" "$SPOOL"
}

died_lines()
{
	grep -c '^! 0 died' "$(envelopes)"
}

# --- one round

# An envelope claimed by a runner on another host, which nobody here can probe; SEEN: our notes of it.
claimed_elsewhere()
{
	seen=$SPOOL/run/.seen.$(uname -n | cut -c 1-40)
	post
	claim "$DEAD"
	peer "$DEAD" host elsewhere
}

@test "a round with nothing to do says nothing and leaves only its notes" {
	run -0 --separate-stderr requeue
	[ "$output$stderr" = '' ]
	[ "$(tree)" = "run/.seen.$(uname -n | cut -c 1-40)" ]
	post
	before=$(tree)
	run -0 --separate-stderr requeue
	[ "$output$stderr" = '' ]
	[ "$(tree)" = "$before" ]
}

@test "what is due goes to new/ under the same ORDER, what is not due stays" {
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	due=$NAME
	post
	later=$(($(now) + 3600000000)).$UNIQUE
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/$later"
	run -0 --separate-stderr requeue
	assert_stderr 'requeued due=1 returned=0 held=0 swept=0 purged=0 repaired=0 published=0'
	[ "$output" = '' ]
	[ -f "$SPOOL/new/$due" ]
	[ "$(ls "$SPOOL/defer")" = "$later" ]
}

@test "-a makes everything due, with ORDER = now" {
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/$(($(now) + 3600000000)).$UNIQUE"
	before=$(now)
	run -0 --separate-stderr requeue -a
	assert_stderr 'requeued due=1 returned=0 held=0 swept=0 purged=0 repaired=0 published=0'
	[ -z "$(ls "$SPOOL/defer")" ]
	order=$(basename "$SPOOL"/new/*."$UNIQUE")
	order=${order%%.*}
	[ "$order" -ge "$before" ]
	[ "$order" -le "$(now)" ]
}

@test "-a finds every envelope of a large defer/ while it empties it" {
	awk -v dir="$SPOOL/defer" 'BEGIN {
		for (i = 1; i <= 3000; i++) {
			file = sprintf("%s/9%015d.u%d", dir, i, i)
			printf "ml1\nborn 1\nfrom \n\nT451 a@b.c\n" >file
			close(file)
		}
	}'
	run -0 --separate-stderr requeue -a
	assert_stderr 'requeued due=3000 returned=0 held=0 swept=0 purged=0 repaired=0 published=0'
	[ "$(find "$SPOOL/new" -type f | wc -l)" -eq 3000 ]
}

@test "what waits for more than a day was put there by a wrong clock and is due" {
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/$(($(now) + 90000000000)).$UNIQUE"
	run -0 --separate-stderr requeue
	assert_stderr 'requeued due=1 returned=0 held=0 swept=0 purged=0 repaired=0 published=0'
	order=$(basename "$SPOOL"/new/*."$UNIQUE")
	[ "${order%%.*}" -le "$(now)" ]
}

@test "an ORDER in new/ more than 30 days ahead is set to now, one 29 days ahead is a broadcast's" {
	post
	far=$UNIQUE
	mv "$SPOOL/new/$NAME" "$SPOOL/new/$(($(now) + 31 * 86400000000)).$far"
	post
	near=$(($(now) + 29 * 86400000000)).$UNIQUE
	mv "$SPOOL/new/$NAME" "$SPOOL/new/$near"
	run -0 --separate-stderr requeue
	assert_stderr 'requeued due=0 returned=0 held=0 swept=0 purged=0 repaired=1 published=0'
	order=$(basename "$SPOOL"/new/*."$far")
	[ "${order%%.*}" -le "$(now)" ]
	[ -f "$SPOOL/new/$near" ]
}

@test "the same inside a broadcast, and for the broadcast itself" {
	b=$(ml-explode -f a@b.c -n 1 -l <(addresses 3) "$SPOOL" < <(letter))
	u=${b#*.}
	ahead=$(($(now) + 31 * 86400000000))
	mv "$SPOOL/new/$b"/*."$u.2" "$SPOOL/new/$b/$ahead.$u.2"
	mv "$SPOOL/new/$b" "$SPOOL/new/$ahead.$u"
	run -0 --separate-stderr requeue
	assert_stderr 'requeued due=0 returned=0 held=0 swept=0 purged=0 repaired=2 published=0'
	[ "$(find "$SPOOL/new" -type f -path "*.$u/*.$u.*" | wc -l)" -eq 3 ]
	[ -z "$(find "$SPOOL/new" -name "$ahead.*")" ]
}

@test "what is no envelope in new/ or in a broadcast keeps its name, however far its ORDER is ahead" {
	b=$(ml-explode -f a@b.c -l <(addresses 3) "$SPOOL" < <(letter))
	for d in new "new/$b"; do
		ln -s /etc/passwd "$SPOOL/$d/9999999999999999.link"
		mkfifo "$SPOOL/$d/9999999999999999.fifo"
	done
	mkdir "$SPOOL/new/$b/9999999999999999.dir"
	before=$(find "$SPOOL/new" | sort)
	run -0 --separate-stderr requeue
	assert_stderr ''
	[ "$(find "$SPOOL/new" | sort)" = "$before" ]
}

@test "a paused spool is served too, and stays paused" {
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	touch "$SPOOL/paused"
	run -0 --separate-stderr requeue
	assert_stderr 'requeued due=1 returned=0 held=0 swept=0 purged=0 repaired=0 published=0'
	[ -f "$SPOOL/paused" ]
}

@test "what does not belong into defer/ stays there and is reported" {
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	mkdir "$SPOOL/defer/0000000000000001.dir"
	ln -s /etc/passwd "$SPOOL/defer/0000000000000001.link"
	mkfifo "$SPOOL/defer/0000000000000001.fifo"
	touch "$SPOOL/defer/README" "$SPOOL/defer/.hidden"
	run -0 --separate-stderr requeue -a
	[ "$(sort <<<"$stderr")" = "ml-requeue: defer/0000000000000001.dir: left where it is: not an envelope
ml-requeue: defer/0000000000000001.fifo: left where it is: not an envelope
ml-requeue: defer/0000000000000001.link: left where it is: not an envelope
ml-requeue: defer/README: left where it is: not an envelope
requeued due=1 returned=0 held=0 swept=0 purged=0 repaired=0 published=0" ]
	[ "$(find "$SPOOL/defer" -mindepth 1 | wc -l)" -eq 5 ]
}

@test "a broadcast whose key is recorded but that was not published is published" {
	b=$(ml-explode -k issue42 -f a@b.c -l <(addresses 3) "$SPOOL" < <(letter))
	mv "$SPOOL/new/$b" "$SPOOL/tmp/"
	run -0 --separate-stderr requeue
	assert_stderr 'requeued due=0 returned=0 held=0 swept=0 purged=0 repaired=0 published=1'
	[ "$(rcpts new | wc -l)" -eq 3 ]
	[ -z "$(ls -A "$SPOOL/tmp")" ]
}

@test "one phase that fails keeps none of the others from its work" {
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	mkdir "$SPOOL/run/.seen.$(uname -n | cut -c 1-40)"
	run --separate-stderr requeue
	[ "$status" -ne 0 ]
	[[ $stderr = "ml-requeue: run/.seen."*$'\n'"requeued due=1 "* ]]
	[ -f "$SPOOL/new/$NAME" ]
}

# --- the dead

@test "the claim of a process that is gone goes back at once, and its run file goes" {
	post 2
	claim "$DEAD"
	peer "$DEAD" pid "$(gone)"
	run -0 --separate-stderr requeue
	assert_stderr "dead runner=$DEAD
requeued due=0 returned=1 held=0 swept=0 purged=0 repaired=0 published=0"
	[ "$(envelopes)" = "$SPOOL/new/$NAME" ]
	[ "$(tail -n 1 "$SPOOL/new/$NAME")" = "! 0 died $DEAD todo=2" ]
	[ "$(find "$SPOOL/run" -type f ! -name '.*' | wc -l)" -eq 0 ]
}

@test "so does that of another process which has got its number since" {
	start sleep 60
	post
	claim "$DEAD"
	peer "$DEAD" pid "$PID" start 1
	run -0 --separate-stderr requeue
	assert_stderr "dead runner=$DEAD
requeued due=0 returned=1 held=0 swept=0 purged=0 repaired=0 published=0"
	[ -f "$SPOOL/new/$NAME" ]
}

# The parent of the one that ends has become one that never waits.
@test "one that has ended, and that nobody has waited for, is dead" {
	local zombie began
	start sh -c 'sleep 0.3 & echo $!; exec sleep 60'
	wait_for test -s "$PID_OUT"
	zombie=$(cat "$PID_OUT")
	began=$(start_of "$zombie") || skip "no /proc"
	wait_for grep -q ') Z ' "/proc/$zombie/stat"
	post
	claim "$DEAD"
	peer "$DEAD" pid "$zombie" start "$began"
	run -0 --separate-stderr requeue
	assert_stderr "dead runner=$DEAD
requeued due=0 returned=1 held=0 swept=0 purged=0 repaired=0 published=0"
}

@test "a real runner that was killed loses its claims at the next round" {
	cat >deliver <<-'END'
		#!/bin/sh
		touch "$(dirname "$0")/delivering"
		exec sleep 60
	END
	chmod +x deliver
	[ -x "$BIN/ml-runner" ] || skip 'ml-runner is not built'
	post
	start ml-runner -q "$SPOOL" pipe "$PWD/deliver"
	wait_for test -e delivering
	stop "$PID" KILL
	run -0 --separate-stderr requeue
	[[ $stderr = "dead runner="*$'\n'"requeued due=0 returned=1 "* ]]
	[ "$(envelopes)" = "$SPOOL/new/$NAME" ]
}

@test "a living process keeps its claims, whatever the lease" {
	start sleep 60
	post
	claim "$DEAD"
	peer "$DEAD" pid "$PID" start "$(start_of "$PID")"
	touch -d '1 day ago' "$SPOOL/run/$DEAD"
	run -0 --separate-stderr requeue -g 0
	[ "$output$stderr" = '' ]
	[ -f "$SPOOL/cur/$NAME:$DEAD" ]
	[ -f "$SPOOL/run/$DEAD" ]
}

@test "another host, boot or process namespace, or no start time: nobody is dead at once" {
	for change in 'host elsewhere' 'boot 11111111-2222' 'pidns 1' ; do
		post
		claim "${change// /.}"
		# shellcheck disable=SC2086
		peer "${change// /.}" pid "$(gone)" $change
	done
	post
	claim empty
	: >"$SPOOL/run/empty"
	start sleep 60
	post
	claim nostart
	peer nostart pid "$PID" start ''
	run -0 --separate-stderr requeue
	[ "$output$stderr" = '' ]
	[ "$(find "$SPOOL/cur" -type f | wc -l)" -eq 5 ]
}

@test "-g 0 takes all who can't be probed for dead" {
	post
	claim "$DEAD"
	peer "$DEAD" host elsewhere
	run -0 --separate-stderr requeue -g 0
	assert_stderr "dead runner=$DEAD
requeued due=0 returned=1 held=0 swept=0 purged=0 repaired=0 published=0"
	[ -f "$SPOOL/new/$NAME" ]
	[ ! -e "$SPOOL/run/$DEAD" ]
}

@test "an unknown host's claim goes back when its heartbeat stood still for the lease, not before" {
	post
	claim "$DEAD"
	peer "$DEAD" host elsewhere
	start ml-requeue -i 1 -g 2 "$SPOOL"
	seen=$SPOOL/run/.seen.$(uname -n | cut -c 1-40)
	wait_for grep -q "$DEAD" "$seen"
	[ -f "$SPOOL/cur/$NAME:$DEAD" ]
	begun=$SECONDS
	wait_for test -f "$SPOOL/new/$NAME"
	[ $((SECONDS - begun)) -ge 1 ]
	[ ! -e "$SPOOL/run/$DEAD" ]
	stop "$PID"
	[ "$status" -eq 0 ]
}

# older FILE SECONDS: the notes in FILE, as if they had been made that long before
older()
{
	awk -v d="$2" '$1 == "seen" { $2 -= d } { print }' "$1" >older
	cat older >"$1"
}

@test "single rounds remember in run/.seen.HOST since when a heartbeat stands still" {
	claimed_elsewhere
	run -0 --separate-stderr requeue
	grep "^boot $(cat /proc/sys/kernel/random/boot_id)$" "$seen"
	grep -E "^seen [0-9]+ [0-9]+\.[0-9]{9} [0-9]+ $DEAD$" "$seen"
	older "$seen" 300
	run -0 --separate-stderr requeue
	[ "$stderr" = '' ]
	older "$seen" 300
	run -0 --separate-stderr requeue
	[[ $stderr = "dead runner=$DEAD"* ]]
	[ -f "$SPOOL/new/$NAME" ]
}

@test "a heartbeat that changed begins the lease anew" {
	claimed_elsewhere
	requeue
	older "$seen" 700
	touch -d '1 hour ago' "$SPOOL/run/$DEAD"
	run -0 --separate-stderr requeue
	[ "$stderr" = '' ]
	[ -f "$SPOOL/cur/$NAME:$DEAD" ]
}

@test "notes of another boot are worth nothing" {
	claimed_elsewhere
	requeue
	older "$seen" 700
	sed -i 's/^boot .*/boot 11111111-2222/' "$seen"
	run -0 --separate-stderr requeue
	[ "$stderr" = '' ]
	[ -f "$SPOOL/cur/$NAME:$DEAD" ]
}

@test "notes that are garbage are worth nothing either" {
	claimed_elsewhere
	boot=$(cat /proc/sys/kernel/random/boot_id)
	for text in '' 'x' "boot $boot\nseen\nseen 1 2 3\nseen x - 0 $DEAD\nseen 99999999999 - 0 $DEAD\n"; do
		# shellcheck disable=SC2059
		printf "$text" >"$seen"
		run -0 --separate-stderr requeue
		[ "$stderr" = '' ]
		[ -f "$SPOOL/cur/$NAME:$DEAD" ]
	done
}

@test "a claim without a run file waits for the lease" {
	post
	claim "$DEAD"
	run -0 --separate-stderr requeue
	[ "$stderr" = '' ]
	[ -f "$SPOOL/cur/$NAME:$DEAD" ]
	grep -E "^seen [0-9]+ - 0 $DEAD$" "$SPOOL/run/.seen.$(uname -n | cut -c 1-40)"
	older "$SPOOL/run/.seen.$(uname -n | cut -c 1-40)" 600
	run -0 --separate-stderr requeue
	assert_stderr "dead runner=$DEAD
requeued due=0 returned=1 held=0 swept=0 purged=0 repaired=0 published=0"
}

@test "the claim of a dead consumer that merges goes back like any other, and a runner that can't puts it aside" {
	post
	sed -i '2i slot 9 1 raw name friend' "$SPOOL/new/$NAME"
	claim "$DEAD"
	peer "$DEAD" pid "$(gone)"
	run -0 --separate-stderr requeue
	assert_stderr "dead runner=$DEAD
requeued due=0 returned=1 held=0 swept=0 purged=0 repaired=0 published=0"
	[ "$(tail -n 1 "$SPOOL/new/$NAME")" = "! 0 died $DEAD todo=1" ]
	[ "$(ml-status -l "$SPOOL" | cut -f 1,4)" = $'new\t1' ]
	run -0 --separate-stderr ml-runner -1 "$SPOOL" pipe true
	[ -f "$SPOOL/hold/$NAME" ]
	assert_stderr "held name=$NAME reason=\"its text is to be merged\""
	[ "$(rcpts hold | cut -c 1-4)" = T000 ]
}

@test "five deaths without a mark in between put an envelope into hold/" {
	post 3
	for death in 1 2 3 4 5; do
		claim "$DEAD"
		peer "$DEAD" pid "$(gone)"
		run -0 --separate-stderr requeue
		[ "$death" -eq 5 ] || [ -f "$SPOOL/new/$NAME" ]
	done
	assert_stderr "dead runner=$DEAD
held name=$NAME reason=deaths
requeued due=0 returned=0 held=1 swept=0 purged=0 repaired=0 published=0"
	[ "$(envelopes)" = "$SPOOL/hold/$NAME" ]
	[ "$(died_lines)" -eq 5 ]
	[ -f "$(text_of "$NAME")" ]
}

@test "a mark or another note in between begins the count anew" {
	post 3
	for i in 1 2 3 4 5 6 7; do
		claim "$DEAD"
		peer "$DEAD" pid "$(gone)"
		[ "$i" -ne 3 ] || sed -i '0,/^T000/s//D250/' "$SPOOL/cur/$NAME:$DEAD"
		[ "$i" -ne 6 ] || echo '! 0 451 later' >>"$SPOOL/cur/$NAME:$DEAD"
		requeue
	done
	[ "$(envelopes)" = "$SPOOL/new/$NAME" ]
	[ "$(died_lines)" -eq 7 ]
}

@test "a torn claim of the dead goes to hold/, the others go back" {
	post
	claim "$DEAD"
	torn=$NAME
	printf 'ml1\nborn 1\nfrom a@b.c\nrcpts 2\n\nT000 a@b.c\n' >"$SPOOL/cur/$torn:$DEAD"
	post
	claim "$DEAD"
	peer "$DEAD" pid "$(gone)"
	run -0 --separate-stderr requeue
	[ "$(sort <<<"$stderr")" = "dead runner=$DEAD
held name=$torn reason=unreadable
requeued due=0 returned=1 held=1 swept=0 purged=0 repaired=0 published=0" ]
	[ -f "$SPOOL/hold/$torn" ]
	[ -f "$SPOOL/new/$NAME" ]
	[ ! -e "$SPOOL/run/$DEAD" ]
}

@test "a note behind a torn last line begins on a line of its own" {
	post
	printf '! 0 451 half a not' >>"$SPOOL/new/$NAME"
	claim "$DEAD"
	peer "$DEAD" pid "$(gone)"
	requeue
	[ "$(tail -n 2 "$SPOOL/new/$NAME")" = "! 0 451 half a not
! 0 died $DEAD todo=1" ]
}

@test "two names of one inode become one, and never none" {
	post
	ln "$SPOOL/new/$NAME" "$SPOOL/defer/$NAME"
	run -0 --separate-stderr requeue
	[ "$(envelopes)" = "$SPOOL/new/$NAME" ]
	ln "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:$DEAD"
	peer "$DEAD" pid "$(gone)"
	run -0 --separate-stderr requeue
	[ "$(envelopes)" = "$SPOOL/new/$NAME" ]
	[ "$(rcpts)" = 'T000 user1@example.com' ]
}

@test "where a living runner holds the other name, the dead one's waits in defer/" {
	start sleep 60
	post
	claim "$DEAD"
	peer "$DEAD" pid "$(gone)"
	ln "$SPOOL/cur/$NAME:$DEAD" "$SPOOL/cur/$NAME:alive"
	peer alive pid "$PID" start "$(start_of "$PID")"
	requeue
	[ -f "$SPOOL/cur/$NAME:alive" ]
	[ "$(find "$SPOOL/new" "$SPOOL/cur" -type f | wc -l)" -eq 1 ]
	name=$(ls "$SPOOL/defer")
	[ "${name#*.}" = "$UNIQUE" ]
	[ "${name%%.*}" -gt $(($(now) + 590000000)) ]
	[ "${name%%.*}" -lt $(($(now) + 670000000)) ]
	[ "$(grep -c . "$SPOOL/defer/$name")" -eq "$(grep -c . "$SPOOL/cur/$NAME:alive")" ]
}

@test "an envelope under the same name flat and in its broadcast is claimed once, and sent to once" {
	sink
	explode 4 -n 2
	first=$(find "$SPOOL/new/$NAME" -name '*.1')
	ln "$first" "$SPOOL/new/${first##*/}"
	# as many in hand at a time as there are
	rule 'text * times 1 stall 0.2'
	runner -1
	[ -z "$(twice)" ]
	[ "$(delivered)" -eq 4 ]
	[ "$(tree)" = "$(printf 'done/a.1\ndone/a.2\n')" ]
}

@test "what is no claim in cur/ and no runner in run/ is reported and left" {
	touch "$SPOOL/cur/README" "$SPOOL/cur/1700000000000000.x:"
	mkdir "$SPOOL/run/$DEAD"
	run -0 --separate-stderr requeue -g 0
	[ "$(sort <<<"$stderr")" = "ml-requeue: cur/1700000000000000.x:: left where it is: not a claim
ml-requeue: cur/README: left where it is: not a claim
ml-requeue: run/$DEAD: left where it is: not a runner's file" ]
	[ -f "$SPOOL/cur/README" ]
	[ -d "$SPOOL/run/$DEAD" ]
}

@test "no name of a file gets to the terminal raw" {
	touch "$SPOOL/defer/"$'evil\e[31m\nname'
	run -0 --separate-stderr requeue
	assert_stderr 'ml-requeue: defer/evil\x1b[31m\x0aname: left where it is: not an envelope'
}

# --- staying

runs()
{
	find "$SPOOL/run" -type f ! -name '.*'
}

# its file is there, and written
one_runs()
{
	[ "$(runs | wc -l)" -eq 1 ] && grep -q '^role ' "$(runs)"
}

@test "-i goes round again, and TERM ends it with 0 and nothing left behind" {
	start ml-requeue -i 1 "$SPOOL"
	wait_for one_runs
	[ "$(head_of "$(runs)" role)" = requeue ]
	[ "$(head_of "$(runs)" pid)" = "$PID" ]
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	wait_for test -f "$SPOOL/new/$NAME"
	stop "$PID"
	[ "$status" -eq 0 ]
	[ -z "$(runs)" ]
	[ "$(cat "$PID_ERR")" = 'requeued due=1 returned=0 held=0 swept=0 purged=0 repaired=0 published=0' ]
}

@test "INT ends it too" {
	# A background job ignores INT, and what is ignored stays so.
	env --default-signal=INT true 2>/dev/null || skip 'this env has no --default-signal'
	start env --default-signal=INT ml-requeue -i 3600 "$SPOOL"
	wait_for one_runs
	stop "$PID" INT
	[ "$status" -eq 0 ]
	[ -z "$(runs)" ]
}

@test "HUP and ALRM begin a round at once" {
	start ml-requeue -i 3600 "$SPOOL"
	wait_for one_runs
	for signal in HUP ALRM; do
		post
		mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
		kill -s "$signal" "$PID"
		wait_for test -f "$SPOOL/new/$NAME"
	done
}

@test "a strange name is reported once, not each round" {
	touch "$SPOOL/defer/README"
	start ml-requeue -i 3600 "$SPOOL"
	wait_for grep -q README "$PID_ERR"
	for i in 1 2; do
		post
		mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
		kill -s HUP "$PID"
		wait_for test -f "$SPOOL/new/$NAME"
	done
	[ "$(grep -c README "$PID_ERR")" -eq 1 ]
}

@test "of more strange names than it remembers none is reported twice, and it says that it stopped" {
	(cd "$SPOOL/defer" && seq -f README%g 1100 | xargs touch)
	start ml-requeue -i 3600 "$SPOOL"
	wait_for test -s "$PID_ERR"
	for i in 1 2 3; do
		post
		mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
		kill -s HUP "$PID"
		wait_for test -f "$SPOOL/new/$NAME"
	done
	stop "$PID"
	[ "$status" -eq 0 ]
	grep -v ^requeued "$PID_ERR" >err
	[ -z "$(sort err | uniq -d)" ]
	[ "$(grep -c README err)" -eq 1024 ]
	[ "$(grep -v README err)" = 'ml-requeue: *: too many strange files, no more of them are reported' ]
}

@test "a round that fails is reported, and the next one is made" {
	start ml-requeue -i 3600 "$SPOOL"
	seen=$SPOOL/run/.seen.$(uname -n | cut -c 1-40)
	wait_for test -e "$seen"
	rm "$seen"
	mkdir "$seen"
	kill -s HUP "$PID"
	wait_for grep -q '^ml-requeue: run/.seen' "$PID_ERR"
	kill -s 0 "$PID"
	rmdir "$seen"
	post
	claim "$DEAD"
	peer "$DEAD" pid "$(gone)"
	kill -s HUP "$PID"
	wait_for test -f "$SPOOL/new/$NAME"
}

@test "when its run file is revoked it takes a new name and goes on" {
	start ml-requeue -i 3600 "$SPOOL"
	wait_for one_runs
	old=$(runs)
	rm "$old"
	kill -s HUP "$PID"
	wait_for one_runs
	[ "$(runs)" != "$old" ]
	[ "$(head_of "$(runs)" pid)" = "$PID" ]
	stop "$PID"
	[ "$status" -eq 0 ]
	[ -z "$(runs)" ]
}

@test "what was claimed under its revoked name goes back" {
	start ml-requeue -i 3600 "$SPOOL"
	wait_for one_runs
	old=$(runs)
	post
	claim "$(basename "$old")"
	rm "$old"
	kill -s HUP "$PID"
	wait_for test -f "$SPOOL/new/$NAME"
}

@test "two at once share the work and do no harm" {
	for _ in $(seq 15); do
		post
		mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
		post
		claim "$DEAD"
	done
	peer "$DEAD" pid "$(gone)"
	start ml-requeue "$SPOOL"
	one=$PID one_err=$PID_ERR
	start ml-requeue "$SPOOL"
	wait "$one"
	wait "$PID"
	[ "$(envelopes new | wc -l)" -eq 30 ]
	[ "$(envelopes | wc -l)" -eq 30 ]
	[ -z "$(runs)" ]
	[ -z "$(grep -v -e '^dead' -e '^requeued' "$one_err" "$PID_ERR")" ]
	[ "$(cat "$one_err" "$PID_ERR" | sed -n 's/.*due=\([0-9]*\).*/\1/p' | awk '{ n += $1 } END { print n }')" -eq 15 ]
}

# What happens before dd has opened the trigger wakes nobody, so it is done until it does.
due_wakes()
{
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	requeue
	[ -s woken ]
}

@test "an idle runner is woken" {
	start dd if="$SPOOL/trigger" of=woken bs=1 count=1 status=none
	wait_for due_wakes
}

# --- the command line

@test "bad usage is exit 64" {
	run -64 --separate-stderr ml-requeue
	assert_stderr 'usage: ml-requeue [-a] [-i seconds] [-g seconds] [-k days] spool'
	run -64 ml-requeue a b
	run -64 ml-requeue -x "$SPOOL"
	run -64 --separate-stderr ml-requeue -i 0 "$SPOOL"
	assert_stderr 'ml-requeue: -i: 0: not a number from 1 to 1000000000'
	run -64 ml-requeue -i 1s "$SPOOL"
	run -64 ml-requeue -g -1 "$SPOOL"
	run -64 ml-requeue -k '' "$SPOOL"
	[ -z "$(tree)" ]
}

@test "what is no spool is exit 69" {
	mkdir none
	run -69 --separate-stderr ml-requeue none
	assert_stderr 'ml-requeue: none/tmp: not a whole spool: No such file or directory'
	run -69 --separate-stderr ml-requeue nowhere
	[ -z "$(ls -A none)" ]
}

@test "a spool one may not use is exit 77" {
	run -77 --separate-stderr as_nobody ml-requeue spool
	assert_stderr 'ml-requeue: spool: Permission denied'
}

@test "the page's synopsis is the usage, and its examples work" {
	run -64 --separate-stderr ml-requeue
	assert_stderr "usage: $(synopsis ml-requeue)"
	run_examples ml-requeue
}
