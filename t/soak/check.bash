# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# When all is over: does what went in equal what came out?

drained()
{
	[ -z "$(find "$SPOOL"/new "$SPOOL"/cur "$SPOOL"/defer "$SPOOL"/hold -mindepth 1 ! -name '.*')" ]
}

# The ordinary next runs, till nothing is left to do.
drain()
{
	local end=$(($(date +%s) + 120))
	until drained || [ "$(date +%s)" -gt "$end" ]; do
		# what five deaths without a mark put aside, and a broadcast whose operator was cut off
		(cd "$SPOOL" && find hold -mindepth 1 -maxdepth 1 -name '[0-9]*' -exec mv -t new {} + && rm -f paused)
		ml-requeue -a -g 0 "$SPOOL" 2>>"$DIR/log/drain"
		ml-runner -1 -j 2 "$SPOOL" smtp 127.0.0.1 "$PORT" 2>>"$DIR/log/drain"
	done
	kill "$(cat "$DIR/sink.pid")" 2>/dev/null
}

broken()
{
	say "BROKEN: $*"
	BROKEN=$((BROKEN + 1))
}

# each FILE WORDS: its lines are violations; the first few are shown.
each()
{
	local n
	n=$(wc -l <"$1")
	[ "$n" -eq 0 ] && return
	broken "$n $2"
	head -n 5 "$1" | sed 's/^/    /'
}

# fail/ as "ADDRESS D|F|T REASON".
list_failed()
{
	find "$SPOOL/fail" -type f -name '[0-9]*' -exec awk '
		function out(i) {
			for (i = 1; i <= n; i++)
				print address[i], state[i], (i in why) ? why[i] : (state[i] == "F") ? all : ""
		}
		FNR == 1 && NR > 1 { out() }
		FNR == 1 { n = 0; body = 0; all = ""; delete why; delete address; delete state }
		body && /^[TDF][0-9][0-9][0-9] / { n++; state[n] = substr($1, 1, 1); address[n] = $2 }
		body && /^! 0 5/ { all = $0 }
		body && /^! [1-9]/ { why[$2] = $0 }
		/^$/ { body = 1 }
		END { if (NR > 0) out() }' {} + >"$DIR/failed"
}

# By the logs of the runners: "ID UNIQUE", of a broadcast the UNIQUE that is its own.
list_uniques()
{
	cat "$DIR"/log/runner.* "$DIR/log/drain" | sed -nE \
		's/^(delivered|failed|deferred) id="?([^" ]+)"? to="?r[0-9]+\.([^@]+)@.*/\3 \2/p' |
		sed -E 's/\.[0-9]+$//' | sort -u >"$DIR/uniques"
}

# Against what was tried and acknowledged: everything that came out, and everything that did not.  A
# duplicate is laid to that of its two sessions that broke off, be it the second one: what lies in a
# socket is taken when another has sent it as well.  In flight may be, with a window (slots 2 and 6),
# eight texts to five recipients each, without one text.
compare()
{
	awk -v dir="$DIR" '
	function path(id,   a) {
		if (verp[id] == "-")
			return sender[id]
		split(sender[id], a, "@")
		return a[1] "+" rcpt "=example.com@" a[2]
	}
	function broke(s) { return (s in cut) || !(s in quit) }
	FILENAME ~ /tries$/ { sender[$1] = $2; verp[$1] = $3; n[$1] = $4; octets[$1] = $5; crc[$1] = $6; key[$1] = $7; next }
	FILENAME ~ /acks$/ {
		if ($3 != "-" && ($3 in named) && named[$3] != $2)
			print $1, named[$3], $2 >(dir "/bad.names")
		named[$3] = $2
		acked[$1] = 1
		next
	}
	FILENAME ~ /uniques$/ {
		if (($1 in unique) && unique[$1] != $2)
			print $1, unique[$1], $2 >(dir "/bad.keys")
		unique[$1] = $2
		next
	}
	FILENAME ~ /failed$/ {
		if ($2 == "F" && NF > 2)
			out[$1] = 1
		else if ($2 == "F")
			print >(dir "/bad.reasons")
		else if ($2 == "T")
			print >(dir "/bad.states")
		next
	}
	/^#/ {
		split($0, event, " ")
		s = life "." event[3]
		if (event[2] == "cmd" && event[4] ~ /^(EHLO|HELO)$/)
			slot[s] = event[5]
		else if (event[2] == "cmd" && event[4] == "QUIT")
			quit[s] = 1
		else if (event[2] == "connect")
			open[s] = 1
		else if (event[2] == "close")
			delete open[s]
		else if (event[2] == "drop")
			cut[s] = 1
		else if (event[2] == "crash" || event[2] == "restart")
			for (s in open)
				cut[s] = 1
		if (event[2] == "restart") {
			life++
			delete open
		}
		next
	}
	{
		to = $4
		rcpt = to
		sub(/@.*/, "", rcpt)
		k = rcpt
		sub(/\..*/, "", k)
		id = rcpt
		sub(/^[^.]*\./, "", id)
		if (!(id in n) || substr(k, 2) + 0 < 1 || substr(k, 2) + 0 > n[id] || to != k "." id "@example.com")
			print >(dir "/bad.strangers")
		else if ($3 != path(id))
			print $3, path(id), to >(dir "/bad.senders")
		else if ($5 != octets[id] || $6 != crc[id])
			print $5, octets[id], $6, crc[id], to >(dir "/bad.texts")
		if (to in got) {
			before[++twice] = got[to]
			after[twice] = life "." $2
		}
		got[to] = life "." $2
		taken[got[to]]++
		accepted++
	}
	END {
		for (id in n) {
			have = 0
			for (i = 1; i <= n[id]; i++) {
				to = "r" i "." id "@example.com"
				if ((to in got) || (to in out))
					have++
				else if (id in acked)
					print to >(dir "/bad.lost")
			}
			if (have > 0 && have < n[id])
				print id, have, n[id] >(dir "/bad.halves")
			messages += id in acked
			rcpts += (id in acked) ? n[id] : 0
			unsure += !(id in acked)
		}
		for (to in out)
			refused++
		for (s in taken) {
			most[s] = (slot[s] ~ /^runner\.[26]$/) ? 40 : 5
			if (broke(s))
				bound += taken[s] < most[s] ? taken[s] : most[s]
		}
		for (i = 1; i <= twice; i++)
			if (broke(before[i]) != broke(after[i]))
				again[broke(before[i]) ? before[i] : after[i]]++
			else if (!broke(before[i]))
				again[before[i]]++
		for (i = 1; i <= twice; i++)
			if (broke(before[i]) && broke(after[i]))
				again[again[before[i]] < most[before[i]] ? before[i] : after[i]]++
		for (s in again) {
			if (again[s] > most[s])
				print s, slot[s], again[s], most[s] >(dir "/bad.flights")
			own += again[s] > 0 && !(s in cut)
			clean += again[s] > 0 && !broke(s)
		}
		print messages + 0, rcpts + 0, unsure + 0, accepted + 0, refused + 0, twice + 0, bound + 0,
			own + 0, clean + 0 >(dir "/sums")
	}' FS=' ' "$DIR/count/tries" "$DIR/count/acks" "$DIR/uniques" "$DIR/failed" FS='\t' "$DIR/sink.log"
}

# What has to have happened, or the promises were not put to the test.
enough()
{
	local what
	DROPS=$(grep -c '^# drop ' "$DIR/sink.log")
	CRASHES=$(grep -cE '^# (crash|restart) ' "$DIR/sink.log")
	TIMEOUTS=$(cat "$DIR"/log/runner.* | grep -c 'error="timed out"')
	[ "$TIME" -ge 60 ] || return 0
	for what in kills stops terms pauses holds ${SMALL:+fulls} ${CLOCK:+steps}; do
		[ "$(counted "$what")" -gt 0 ] || broken "no $what in all the time"
	done
	[ "$DROPS" -gt 0 ] && [ "$CRASHES" -gt 0 ] && [ "$TIMEOUTS" -gt 0 ] ||
		broken "$DROPS drops, $CRASHES receivers crashed, $TIMEOUTS timeouts"
}

# Somebody is sent to twice only where a session broke off with his text in flight, and a session
# that the receiver did not cut off was broken off for one of these reasons.
reasons()
{
	local full
	KILLED=$(grep -c '^runner' "$DIR/count/kills")
	# what could not be marked before the runner ended
	full=$(cat "$DIR"/log/runner.* | grep -c '^ml-runner: cur/.*: No space left on device')
	[ "$clean" -le "$full" ] || broken "$clean sessions that ended with QUIT let somebody be sent to twice"
	[ "$own" -le $((KILLED + TIMEOUTS + full + $(counted again))) ] ||
		broken "$own sessions broke off, with duplicates, for $KILLED kills and $TIMEOUTS timeouts"
}

# Everything that a crash may leave goes in its time; what failed stays, with its text.
sweep()
{
	local f
	find "$SPOOL/tmp" -mindepth 1 -exec touch -d '3 days ago' {} +
	# finished under a clock that was ahead
	for f in "$SPOOL"/done/[0-9]*; do
		[ ! -e "$f" ] || mv "$f" "$SPOOL/done/0000000000000001.${f#*/done/*.}"
	done
	ml-requeue -k 0 -g 0 "$SPOOL" 2>>"$DIR/log/drain" || broken "the sweeping failed: exit $?"
	find "$SPOOL" -mindepth 2 ! -path '*/fail/*' ! -path '*/mess/*' ! -path '*/sent/*' ! -name '.seen.*' >"$DIR/bad.left"
	each "$DIR/bad.left" "files are left after the sweeping"
	[ "$(find "$SPOOL/mess" -type f | wc -l)" -eq "$(find "$SPOOL/fail" -type f | wc -l)" ] ||
		broken "$(find "$SPOOL/mess" -type f | wc -l) texts for $(find "$SPOOL/fail" -type f | wc -l) envelopes in fail/"
}

check()
{
	local b what=(names reasons states strangers senders texts lost halves keys
		flights)
	local -A words=([names]='keys with two names' [reasons]='failures without a reason' [states]='in fail/ and still to do'
		[strangers]='recipients that nobody named' [senders]='wrong return paths' [texts]='wrong texts'
		[lost]='acknowledged recipients were lost' [halves]='broadcasts went out in part'
		[keys]='messages went out under two names' [flights]='sessions let more be sent twice than they had in flight')
	BROKEN=0
	drained || broken "not drained: $(find "$SPOOL"/new "$SPOOL"/cur "$SPOOL"/defer "$SPOOL"/hold -type f | wc -l) envelopes"
	list_failed
	list_uniques
	for b in "${what[@]}"; do
		: >"$DIR/bad.$b"
	done
	compare
	for b in "${what[@]}"; do
		each "$DIR/bad.$b" "${words[$b]}"
	done
	# 137: our own kill; 143 is a producer's, which has nothing to finish; 129 and 142 come before main()
	grep -vE '( (0|69|71|73|74|75|130|137|143)|^(runner|requeue)\.. (129|142))$' "$DIR/count/exits" >"$DIR/bad.exits"
	each "$DIR/bad.exits" "processes ended badly"
	grep -haE 'unreadable|held.*not an envelope|Sanitizer' "$DIR"/log/* >"$DIR/bad.lines"
	each "$DIR/bad.lines" "bad lines in the logs"
	sweep
	read -r messages rcpts unsure accepted refused twice bound own clean <"$DIR/sums"
	enough
	reasons
	say "$messages messages for $rcpts recipients acknowledged, $unsure unsure; $accepted accepted, $refused refused"
	say "$(counted kills) kills, $(counted stops) stops, $(counted terms) terms, $DROPS drops, $CRASHES receivers crashed," \
		"$(counted fulls) full disks, $(counted pauses) pauses, $(counted holds) holds, $(counted steps) clock steps"
	say "$twice duplicates, of $bound in flight when $KILLED runners were killed, $TIMEOUTS timed out and" \
		"the receiver went; seed $SEED"
	[ "$BROKEN" -eq 0 ] && say "all promises kept"
}
