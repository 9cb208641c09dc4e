#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# ml-runner's command line, its exit codes, and what it does when nothing can be sent.
# shellcheck disable=SC2030,SC2031,SC2154

load lib
load relay

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

# A port where nobody listens: of a receiver that is gone.
no_mta()
{
	sink
	stop "$SINK_PID"
}

usage_error()
{
	run --separate-stderr ml-runner "$@"
	[ "$status" -eq 64 ] && [ -z "$output" ] && [[ $stderr == *"ml-runner"* ]] &&
		[ "$(wc -l <<<"$stderr")" -le 2 ] && return
	echo "ml-runner $*: $status, $output, $stderr"
	return 1
}

@test "-1 on an empty spool exits 0 without asking for the MTA" {
	sink
	run --separate-stderr runner -1
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ -z "$stderr" ]
	[ "$(event connect)" -eq 0 ]
	[ -z "$(tree)" ]
}

@test "-1 on a paused spool exits 0 and claims nothing" {
	sink
	post
	touch "$SPOOL/paused"
	before=$(tree)
	run --separate-stderr runner -1
	[ "$status" -eq 0 ]
	[ "$(tree)" = "$before" ]
	[ "$(event connect)" -eq 0 ]
}

@test "-1 delivers what is there and exits 0: the ledger stays, the message goes" {
	sink
	post ann@example.com bob@example.com
	explode 3
	run --separate-stderr runner -1
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(delivered)" -eq 5 ]
	run tree
	assert_lines "$(printf '%s\n' done/a done/b.1)"
	[ "$(rcpts | sort | uniq -c | awk '{ print $2, $1 }' | sort -u)" = "D250 1" ]
	[ -z "$(ls -A "$SPOOL/run")" ]
	[ "$(event noquit)" -eq 0 ]
}

@test "-1 with the MTA down exits 75 at once, and nothing was claimed or changed" {
	no_mta
	post
	explode 3
	before=$(find "$SPOOL" -path "$SPOOL/run" -prune -o -printf '%P %i %C@\n' | sort)
	run --separate-stderr timeout 5 ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT"
	[ "$status" -eq 75 ]
	[ "$(find "$SPOOL" -path "$SPOOL/run" -prune -o -printf '%P %i %C@\n' | sort)" = "$before" ]
	[ -z "$(ls -A "$SPOOL/run")" ]
	[[ $stderr == "down to=127.0.0.1:$PORT error=\"Connection refused\"" ]]
}

@test "a greeting, EHLO or first MAIL that says no means down: 75, and no envelope is touched" {
	sink
	post
	for r in 'connect * 554 no service' 'connect * 421 busy' 'ehlo * 421 not now' \
		'mail * 530 5.7.0 authentication required' 'mail * 535 no' 'rcpt * 538 no'; do
		rule "$r" 'helo * 550 no'
		run --separate-stderr runner -1
		[ "$status" -eq 75 ]
		[ "$(rcpts new)" = "T000 ann@example.com" ]
		run grep -c '^!' "$SPOOL/new/$NAME"
		[ "$output" = 0 ]
	done
	rm "$RULES"
	runner -1
	[ "$(delivered)" -eq 1 ]
}

@test "a server that knows only HELO is spoken to with HELO, and in lockstep" {
	sink
	rule 'ehlo * 502 5.5.1 what'
	post
	runner -1q
	[ "$(delivered)" -eq 1 ]
	[ "$(commands '^HELO' | wc -l)" -eq 1 ]
	[ "$(event early)" -eq 0 ]
	[ "$(commands '^MAIL')" = "MAIL FROM:<news@example.org>" ]
}

@test "an MTA that goes away in the middle of -1: one reconnect, 75, nothing is lost" {
	sink -d 5
	explode 200 -n 1
	rule 'text * after 40 crash 60'
	run --separate-stderr runner -1
	[ "$status" -eq 75 ]
	[ "$(delivered)" -eq 40 ]
	[ "$(grep -c ^connected <<<"$stderr")" -eq 1 ]
	[ "$(grep -c ^down <<<"$stderr")" -eq 1 ]
	[ -z "$(envelopes cur)$(envelopes defer)" ]
	[ "$(rcpts | cut -c 1 | sort | uniq -c | tr -s ' \n' ' ')" = " 40 D 160 T " ]
}

@test "a connection lost in the middle of -1 is made anew, and all are delivered once" {
	sink
	explode 200 -n 1
	rule 'mail * after 40 times 1 drop'
	run --separate-stderr runner -1
	[ "$status" -eq 0 ]
	[ "$(grep -c ^connected <<<"$stderr")" -eq 2 ]
	[ "$(delivered)" -eq 200 ]
	[ -z "$(twice)" ]
}

@test "a wrong command line is refused with 64 and a reason" {
	usage_error
	usage_error "$SPOOL"
	usage_error "$SPOOL" smtp
	usage_error "$SPOOL" smtp localhost
	usage_error "$SPOOL" smtp localhost 25 more
	usage_error "$SPOOL" teleport localhost 25
	usage_error "$SPOOL" pipe
	usage_error -Z "$SPOOL" smtp localhost 25
	for o in j m n w r c t x; do
		for v in '' 0x 1x -1 x ' 1' 99999999999999999999; do
			usage_error "-$o" "$v" "$SPOOL" smtp localhost 25
		done
	done
	for o in j m n w r c t; do
		usage_error "-$o" 0 "$SPOOL" smtp localhost 25
	done
	for v in '' 'two words' $'a\nb' '<x>'; do
		usage_error -e "$v" "$SPOOL" smtp localhost 25
	done
	for o in j m n w r c t x e a; do
		usage_error "-$o"
	done
	[ -z "$(tree)" ]
}

@test "what is no spool is named, with 64 or above, and nothing is made there" {
	mkdir other
	run --separate-stderr ml-runner -1 other smtp 127.0.0.1 1
	[ "$status" -eq 69 ]
	[[ $stderr == "ml-runner: other"* ]]
	[ -z "$(ls -A other)" ]
	run --separate-stderr ml-runner -j 3 missing smtp 127.0.0.1 1
	[ "$status" -ge 64 ]
	[[ $stderr == "ml-runner: missing: "*"No such file or directory" ]]
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	[ ! -e missing ]
}

@test "an envelope that can't be read goes to hold/, and the next ones are delivered" {
	sink
	post bad@example.com
	echo ml9 >"$SPOOL/new/$NAME"
	post
	run --separate-stderr runner -1
	[ "$status" -eq 0 ]
	[ "$(accepted)" = ann@example.com ]
	[ "$(ls "$SPOOL/hold" | wc -l)" -eq 1 ]
}

@test "an envelope whose message is gone goes to hold/, one without any T is finished without it" {
	sink
	post bad@example.com
	rm "$SPOOL/mess/$UNIQUE"
	post bob@example.com
	rm "$SPOOL/mess/$UNIQUE"
	sed -i 's/^T000/D250/' "$SPOOL/new/$NAME"
	post
	run --separate-stderr runner -1
	[ "$status" -eq 0 ]
	[ "$(accepted)" = ann@example.com ]
	[ "$(rcpts hold)" = "T000 bad@example.com" ]
	[ "$(rcpts 'done' | sort)" = "$(printf '%s\n' 'D250 ann@example.com' 'D250 bob@example.com')" ]
}

@test "a name that does not belong there is reported once and left alone" {
	sink
	echo hello >"$SPOOL/new/README"
	post
	run --separate-stderr runner -1
	[ "$status" -eq 0 ]
	[ "$(delivered)" -eq 1 ]
	[ "$(grep -c README <<<"$stderr")" -eq 1 ]
	[ "$(cat "$SPOOL/new/README")" = hello ]
}

@test "an envelope that may not be moved is reported once and skipped; -1 still ends" {
	explode 3
	post
	sink
	chmod -R a+rwX "$SPOOL" .
	chmod 755 "$SPOOL/new/"*/
	run --separate-stderr as_nobody timeout 10 ml-runner -1 spool smtp 127.0.0.1 "$PORT"
	[[ "$output" != *"skip"* ]] || skip "this can't run without privileges here"
	[ "$status" -eq 0 ]
	[ "$(accepted)" = ann@example.com ]
	[ "$(grep -c 'Permission denied' <<<"$stderr")" -eq 1 ]
	[ "$(rcpts new | wc -l)" -eq 3 ]
}

@test "with -1 an envelope that can't be moved on is told, the rest goes out, and 75 says that something is left" {
	post
	post bob@example.com
	sink
	chmod -R a+rwX "$SPOOL" .
	chmod 555 "$SPOOL/done"
	run --separate-stderr as_nobody timeout 10 ml-runner -1 spool smtp 127.0.0.1 "$PORT"
	[[ "$output" != *"skip"* ]] || skip "this can't run without privileges here"
	[ "$status" -eq 75 ]
	[ "$(accepted | sort | tr '\n' ' ')" = 'ann@example.com bob@example.com ' ]
	[ "$(grep -c '^ml-runner: cur/.*: Permission denied$' <<<"$stderr")" -eq 2 ]
	[ "$(rcpts new | sort)" = "$(printf '%s\n' 'D250 ann@example.com' 'D250 bob@example.com')" ]
	chmod 777 "$SPOOL/done"
	run -0 as_nobody ml-runner -1 spool smtp 127.0.0.1 "$PORT"
	[ "$(delivered)" -eq 2 ]
	[ "$(rcpts 'done' | wc -l)" -eq 2 ]
}

@test "the page's synopsis is the usage" {
	run --separate-stderr ml-runner
	[ "$status" -eq 64 ]
	assert_stderr "usage: $(synopsis ml-runner)"
}

@test "the page's examples work as written" {
	mkdir fake
	sink
	printf '%s\n' "#!$BASH" 'shift 3' "exec \"\$@\" 6<>/dev/tcp/127.0.0.1/$PORT 7>&6" >fake/tcpclient
	sink -A
	rule 'auth news:secret 235 yes' 'auth * 535 no'
	relay
	printf '#!/bin/sh\ncat >/dev/null\n' >fake/sendmail
	mv relay fake
	cat >fake/openssl <<-'EOF'
	#!/bin/sh
	case "$*" in
	*-starttls*) relay | { read -r greeting; cat; } ;;
	*) exec relay ;;
	esac
	EOF
	chmod +x fake/*
	post
	PATH=$PWD/fake:$PATH run -0 --separate-stderr run_examples ml-runner
}

@test "a recipient without an @ in an envelope with VERP is sent to under the plain sender" {
	sink -C
	for options in '' '-w 4' '-n 5'; do
		printf '%s@example.com\n' ann bob eve | ml-explode -f news@example.org -V += -m <(letter) "$SPOOL" >/dev/null
		sed -i 's/^T000 bob@example.com$/T000 postmaster/' "$(envelopes new)"
		# shellcheck disable=SC2086
		run -0 --separate-stderr ml-runner -1q $options "$SPOOL" smtp 127.0.0.1 "$PORT"
	done
	[ "$(rcpts 'done' | sort | uniq -c | tr -s ' ')" = ' 3 D250 ann@example.com
 3 D250 eve@example.com
 3 D250 postmaster' ]
	[ "$(grep -v '^#' "$LOG" | cut -f 3,4 | sort -u)" = $'news+ann=example.com@example.org\tann@example.com
news+eve=example.com@example.org\teve@example.com
news@example.org\tpostmaster' ]
}
