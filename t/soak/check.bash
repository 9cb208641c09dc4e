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
		ml-runner -1q -j 2 "$SPOOL" smtp 127.0.0.1 "$PORT" 2>>"$DIR/log/drain"
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

# Against what was tried and acknowledged: everything that came out, and everything that did not.
compare()
{
	awk -v dir="$DIR" '
	function path(id,   a) {
		if (verp[id] == "-")
			return sender[id]
		split(sender[id], a, "@")
		return a[1] "+" rcpt "=example.com@" a[2]
	}
	FILENAME ~ /tries$/ { sender[$1] = $2; verp[$1] = $3; n[$1] = $4; octets[$1] = $5; crc[$1] = $6; key[$1] = $7; next }
	FILENAME ~ /acks$/ {
		if ($3 != "-" && ($3 in named) && named[$3] != $2)
			print $1, named[$3], $2 >(dir "/bad.names")
		named[$3] = $2
		acked[$1] = 1
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
	/^#/ { next }
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
			twice++
			again[id]++
		}
		got[to] = 1
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
			if (key[id] != "-" && n[id] >= 40 && again[id] >= n[id])
				print id, again[id], n[id] >(dir "/bad.keys")
			messages += id in acked
			rcpts += (id in acked) ? n[id] : 0
			unsure += !(id in acked)
		}
		for (to in out)
			refused++
		print messages + 0, rcpts + 0, unsure + 0, accepted + 0, refused + 0, twice + 0 >(dir "/sums")
	}' FS=' ' "$DIR/count/tries" "$DIR/count/acks" "$DIR/failed" FS='\t' "$DIR/sink.log"
}

# How many might have been sent twice: what was in flight when somebody was killed, or a connection lost.
bound()
{
	local total=0 actor drops sum=0 i
	for i in "${FLIGHT[@]}"; do
		sum=$((sum + i))
	done
	while read -r actor; do
		case $actor in runner.*) total=$((total + FLIGHT[${actor#runner.}])) ;; esac
	done <"$DIR/count/kills"
	drops=$(grep -c '^# drop ' "$DIR/sink.log")
	CRASHES=$(($(grep -c '^# crash ' "$DIR/sink.log") + $(counted restarts)))
	DROPS=$drops
	BOUND=$((total + drops * 40 + CRASHES * sum))
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
	local b what=(names reasons states strangers senders texts lost halves keys)
	local -A words=([names]='keys with two names' [reasons]='failures without a reason' [states]='in fail/ and still to do'
		[strangers]='recipients that nobody named' [senders]='wrong return paths' [texts]='wrong texts'
		[lost]='acknowledged recipients were lost' [halves]='broadcasts went out in part'
		[keys]='broadcasts under a key went out twice')
	BROKEN=0
	drained || broken "not drained: $(find "$SPOOL"/new "$SPOOL"/cur "$SPOOL"/defer "$SPOOL"/hold -type f | wc -l) envelopes"
	list_failed
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
	bound
	read -r messages rcpts unsure accepted refused twice <"$DIR/sums"
	[ "$twice" -le "$BOUND" ] || broken "$twice duplicates, more than $BOUND"
	say "$messages messages for $rcpts recipients acknowledged, $unsure unsure; $accepted accepted, $refused refused"
	say "$(counted kills) kills, $(counted stops) stops, $(counted terms) terms, $DROPS drops, $CRASHES receivers crashed," \
		"$(counted fulls) full disks, $(counted pauses) pauses, $(counted holds) holds, $(counted steps) clock steps"
	say "$twice duplicates, of $BOUND possible; seed $SEED"
	[ "$BROKEN" -eq 0 ] && say "all promises kept"
}
