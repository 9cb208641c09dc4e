# SPDX-License-Identifier: ISC
# What the tests share whose MTA is a script: t/peer/main.c says what may stand in one.
#
#   dialogue [OPTIONS]   plays the script on stdin at a free port: its port in PORT, its pid in PEER,
#                        what it received in $BATS_TEST_TMPDIR/heard
#   said                 the script came to its end; shows where it did not
#   play [OPTIONS] …     empties the spool, posts to ann, bob, eve (and MORE), and runs
#                        ml-runner -1q with these options against the script on stdin: what the
#                        spool then holds, without @example.com, in $output, its code in CODE
#   left LINE…           $output is exactly these lines: where the envelope lies, its recipients
#                        with their marks, its notes
#   both_ways CMD…       runs it with HOW=groups (the peer offers PIPELINING), then HOW=lockstep
#                        (it does not, and nothing may come before a reply has left)
#
# Parts of a script, by HOW:
#   hello [KEYWORD…]     a connection, its greeting, EHLO and the answer with these keywords
#   mail, everyone, data each command with a good reply: MAIL, ann, bob and eve's RCPT, DATA
#   taken                the text, and 250 2.0.0 taken
#   behind [N]           with groups, the N (3) RCPT and the DATA behind a refused MAIL get 503;
#                        in lockstep they don't come
#   rset                 RSET, which comes before the next MAIL
#   bye                  QUIT, and the end
# shellcheck shell=bash disable=SC2034,SC2120,SC2154

# A script is often made by a pipeline, the end of which must change variables here.
shopt -s lastpipe
HOW=groups

dialogue()
{
	rm -f "$BATS_TEST_TMPDIR/peer.port"
	cat >"$BATS_TEST_TMPDIR/script"
	start "$BIN/../t/peer" -T 20 -l "$BATS_TEST_TMPDIR/heard" -p "$BATS_TEST_TMPDIR/peer.port" "$@" \
		"$BATS_TEST_TMPDIR/script" 127.0.0.1 0
	PEER=$PID
	PEER_ERR=$PID_ERR
	PEER_OUT=$PID_OUT
	wait_for test -s "$BATS_TEST_TMPDIR/peer.port" || { cat "$PEER_ERR"; return 1; }
	PORT=$(cat "$BATS_TEST_TMPDIR/peer.port")
}

said()
{
	local code=0
	wait "$PEER" || code=$?
	[ "$code" -eq 0 ] && return
	echo "with $HOW: $(cat "$PEER_ERR")"
	cat "$BATS_TEST_TMPDIR/err" 2>/dev/null || :
	return 1
}

play()
{
	dialogue || return
	find "$SPOOL" -type f -delete
	post ann@example.com bob@example.com eve@example.com ${MORE:+"$MORE"}
	again "$@"
}

# Runs it on what the spool holds.
again()
{
	CODE=0
	timeout 20 ml-runner -1q "$@" "$SPOOL" smtp 127.0.0.1 "$PORT" 2>"$BATS_TEST_TMPDIR/err" || CODE=$?
	said || return
	output=$(state | sed 's/@example\.com//')
}

left()
{
	assert_lines "$(printf '%s\n' "$@")" || { echo "with $HOW"; return 1; }
}

both_ways()
{
	local how
	for how in groups lockstep; do
		HOW=$how
		echo "with $HOW"
		"$@"
	done
}

hello()
{
	local word
	echo 'accept
		lockstep on
		say 220 peer ESMTP
		expect EHLO
		say 250-peer'
	if [ "$HOW" = groups ]; then echo 'say 250-PIPELINING'; fi
	for word; do echo "say 250-$word"; done
	echo 'say 250 HELP'
	if [ "$HOW" = groups ]; then echo 'lockstep off'; fi
}

mail()
{
	echo 'expect MAIL FROM:<news@example.org>
		say 250 2.1.0 ok'
}

everyone()
{
	local who
	for who in ann bob eve; do
		echo "expect RCPT TO:<$who@example.com>"
		echo 'say 250 2.1.5 ok'
	done
}

data()
{
	echo 'expect DATA$
		say 354 go on'
}

taken()
{
	echo 'text
		say 250 2.0.0 taken'
}

behind()
{
	[ "$HOW" = groups ] || return 0
	echo "repeat ${1:-3}
		expect RCPT
		say 503 5.5.1 no sender
		end
		expect DATA\$
		say 503 5.5.1 no sender"
}

rset()
{
	echo 'expect RSET$
		say 250 2.0.0 ok'
}

bye()
{
	echo 'expect QUIT$
		say 221 2.0.0 bye
		gone'
}

# A session up to the point where the server owes the reply to this: greeting, ehlo, helo, mail, ann,
# bob, eve (their RCPT), data, text (nothing, but to the text), dot.
upto()
{
	local who
	case $1 in
	greeting) echo accept; return ;;
	ehlo) printf '%s\n' accept 'say 220 peer' 'expect EHLO'; return ;;
	helo) printf '%s\n' accept 'say 220 peer' 'expect EHLO' 'say 502 what' 'expect HELO'; return ;;
	esac
	hello
	echo 'expect MAIL'
	[ "$1" != mail ] || return 0
	echo 'say 250 2.1.0 ok'
	for who in ann bob eve; do
		echo "expect RCPT TO:<$who@example.com>\$"
		[ "$1" != "$who" ] || return 0
		echo 'say 250 2.1.5 ok'
	done
	echo 'expect DATA$'
	[ "$1" != data ] || return 0
	echo 'say 354 go on'
	# the text may be there before anything is said about it
	if [ "$1" = text ]; then echo 'lockstep off'; else echo text; fi
}
