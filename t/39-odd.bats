# SPDX-License-Identifier: ISC
# Envelopes and texts that only a stranger, or a fault, can have left; and servers that cut short.
load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

post()
{
	NAME=$(letter | ml-enqueue -f "${FROM-news@example.org}" "$SPOOL" "$@")
}

@test "a message that can't be read is put off with its reason, and the next one goes out" {
	post one@example.org
	rm "$SPOOL/mess/${NAME#*.}"
	ln -s /etc/passwd "$SPOOL/mess/${NAME#*.}"
	post two@example.org
	sink
	run -75 --separate-stderr runner -1q
	[ "$(accepted)" = two@example.org ]
	[ "$(rcpts defer)" = 'T451 one@example.org' ]
	grep -q '^! 0 451 4.3.0 its message can.t be read: ' "$SPOOL"/defer/*
	[ -z "$(envelopes new cur)" ]
}

@test "a text without its last line end gets one, and the next message is not drawn into it" {
	post one@example.org
	printf 'Subject: x\r\n\r\nhello' >"$SPOOL/mess/${NAME#*.}"
	post two@example.org
	sink
	run -0 --separate-stderr runner -1q
	[ "$(accepted | tr '\n' ' ')" = 'one@example.org two@example.org ' ]
	[ "$(grep one@ "$LOG" | grep -v '^#' | cut -f 5)" -eq 21 ]
}

@test "a non-ASCII sender that the server can't take is the message's fault, for everyone" {
	FROM=nü@example.org post a@example.org b@example.org
	sink -U
	run -0 --separate-stderr runner -1q
	[ "$(rcpts fail | tr '\n' ' ')" = 'F553 a@example.org F553 b@example.org ' ]
	[ "$(grep '^!' "$SPOOL"/fail/*)" = '! 0 553 5.6.7 the server does not offer SMTPUTF8' ]
}

@test "a refusal in the middle of a long text is heard, though the server hears no more" {
	{ letter; head -c 20000000 /dev/zero | tr '\0' x | fold -w 80; echo; } |
		ml-enqueue -f news@example.org "$SPOOL" a@example.org
	sink -S -x 1000000
	run -0 --separate-stderr runner -1q
	[ "$(rcpts fail)" = 'F552 a@example.org' ]
}

@test "a command that runs into -t has not delivered, whatever it says then" {
	post a@example.org
	run -0 --separate-stderr ml-runner -1q -t 1 "$SPOOL" pipe sh -c 'trap "exit 0" TERM; sleep 9 & wait'
	[ "$(rcpts defer)" = 'T451 a@example.org' ]
	grep -q '^! 1 451 4.3.0 timed out, exit 0' "$SPOOL"/defer/*
}

@test "a command that a second TERM cuts off leaves its envelope ready, not deferred" {
	post a@example.org b@example.org
	start ml-runner -q "$SPOOL" pipe sh -c ': >started; exec sleep 60' x '{rcpts}'
	wait_for test -e started
	# two that come together are one
	wait_for sh -c "kill -s TERM $PID && ! sleep 0.05 || ! kill -0 $PID"
	stop "$PID"
	[ "$status" -eq 0 ]
	[ "$(rcpts new | tr '\n' ' ')" = 'T000 a@example.org T000 b@example.org ' ]
	[ -z "$(envelopes defer cur)" ]
}

@test "an envelope that crashes the MTA is known by it, whatever else was heard more often" {
	ml-explode -f news@example.org -V += -l <(printf '%s\n' x@example.org y@example.org z@example.org) \
		-m <(letter) "$SPOOL"
	sink
	rule 'rcpt x@* 450 4.2.1 later' 'rcpt y@* 450 4.2.1 later' 'text * crash 1'
	start_runner -q
	wait_for -t 20 sh -c "ls $SPOOL/defer | grep -q ."
	stop "$PID"
	[ "$(event crash)" -le 2 ]
	grep -q '^! 0 lost 421 ' "$SPOOL"/defer/*
}

@test "a recipient's line with a NUL in it is none: the envelope is put into hold" {
	post joe@example.org
	printf '\0\0\0' | dd of="$(envelopes new)" bs=1 conv=notrunc 2>/dev/null \
		seek="$(($(wc -c <"$(envelopes new)") - 5))"
	sink
	run -0 --separate-stderr runner -1q
	[ "$(delivered)" -eq 0 ]
	[ -n "$(envelopes hold)" ]
}

@test "wrong usage is one line" {
	local p
	for p in ml-mkspool ml-enqueue ml-explode ml-runner ml-requeue ml-status; do
		run -64 --separate-stderr "$p" -Z
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
		[[ $stderr = "usage: $p "* ]]
	done
}

@test "a staged broadcast that can't be read is kept, since it may be recorded" {
	[ "$(id -u)" -ne 0 ] || need setpriv
	as_nobody true
	local b
	printf 'a@example.org\n' >list
	letter >m
	ml-explode -f news@example.org -k one -l list -m m "$SPOOL"
	b=$(ls "$SPOOL/new")
	mv "$SPOOL/new/$b" "$SPOOL/tmp/$b"      # as if it had been killed before its rename
	rm "$SPOOL/tmp/$b"/*
	ln -s nowhere "$SPOOL/tmp/$b/1000000000000000.x.1"
	mkdir "$SPOOL/tmp/$b/1000000000000001.x.2"
	touch -d '3 days ago' "$SPOOL/tmp/$b"
	run -74 --separate-stderr ml-requeue "$SPOOL" || run -71 --separate-stderr ml-requeue "$SPOOL"
	[ -d "$SPOOL/tmp/$b" ]
}

@test "a port beyond 65535 is none" {
	run -64 --separate-stderr ml-runner -1 "$SPOOL" smtp 127.0.0.1 65561
	assert_stderr 'ml-runner: 65561: not a port'
	for port in 0 -1 ' 25' 2.5 25/tcp; do
		run -64 --separate-stderr ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$port"
		assert_stderr "ml-runner: $port: not a port"
	done
	# as a service may be called
	run -0 ml-runner -1 "$SPOOL" smtp 127.0.0.1 802-11-iapp
}

@test "a 2xx where 354 was due ends the session, refuses nobody, and has an end" {
	post a@example.org
	sed -i 's/^born .*/born 1000000000/' "$SPOOL"/new/*
	sink
	rule 'data * 250 hm'
	run -0 --separate-stderr runner -1q
	[ "$(rcpts defer)" = 'T421 a@example.org' ]
	grep -q "^! 0 421 the server's replies are out of step" "$SPOOL"/defer/*
	ml-requeue -a "$SPOOL" 2>/dev/null
	run -0 --separate-stderr runner -1q
	[ "$(rcpts fail)" = 'F421 a@example.org' ]
}

@test "an idle runner takes a trigger that is pulled all the time easily" {
	start ml-runner -q "$SPOOL" smtp 127.0.0.1 1
	wait_for sh -c "ls '$SPOOL/run' | grep -q ."
	ticks() { awk '{ print $14 + $15 }' "/proc/$PID/stat"; }
	local before end=$((SECONDS + 2))
	before=$(ticks)
	while [ "$SECONDS" -lt "$end" ]; do printf x >"$SPOOL/trigger"; done
	[ $(($(ticks) - before)) -lt 100 ]
}

@test "a stray claim that can't be put back keeps no other from it" {
	touch "$SPOOL/paused"
	start ml-runner "$SPOOL" pipe true
	wait_for state_is paused
	local runner name
	runner=$(ls "$SPOOL/run")
	for i in 1 2 3; do
		post "user$i@example.com"
		mv "$SPOOL/new/$NAME" "$SPOOL/tmp/$NAME"
		[ "$i" -eq 3 ] || mkdir -p "$SPOOL/new/$NAME/$NAME"     # no place for a file, before the runner looks
		mv "$SPOOL/tmp/$NAME" "$SPOOL/cur/$NAME:$runner"
		[ "$i" -ne 1 ] || name=$NAME
	done
	rm "$SPOOL/paused"
	kill -s ALRM "$PID"
	wait_for eval '[ "$(rcpts done)" = "D250 user3@example.com" ]'
	[ -e "$SPOOL/cur/$name:$runner" ]
	stop "$PID"
	[ "$(rcpts cur)" = "T000 user1@example.com
T000 user2@example.com" ]
	grep -qE '^ml-runner: (cur|new)/[^ ]+: Is a directory$' "$PID_ERR"
}
