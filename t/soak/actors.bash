# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# Who works on the spool.  Each actor is a loop in a process of its own; what it runs at the moment
# stands in pid/ACTOR, where chaos.bash finds it.

# under ACTOR CMD…: runs CMD so, its code in CODE.
under()
{
	local actor=$1
	shift
	"$@" <&0 &
	echo "$!" >"$DIR/pid/$actor"
	CODE=0
	wait "$!" || CODE=$?
	rm -f "$DIR/pid/$actor"
	echo "$actor $CODE" >>"$DIR/count/exits"
}

# ---- the receiver, on one port for the whole time ----

start_receiver()
{
	rm -f "$DIR/port.new"
	# shellcheck disable=SC2086
	"$BUILD/t/sink" -v -T $((TIME + 3600)) -l "$DIR/sink.log" -r "$DIR/rules" -p "$DIR/port.new" ${1:-} \
		127.0.0.1 "$(cat "$DIR/port" 2>/dev/null || echo 0)" 2>>"$DIR/log/sink" </dev/null &
	SINK_PID=$!
	disown "$SINK_PID"
	echo "$SINK_PID" >"$DIR/sink.pid"
	until [ -e "$DIR/port.new" ]; do
		nap 20
		# the port may still be somebody's for a moment
		kill -0 "$SINK_PID" 2>/dev/null || { start_receiver "$@"; return; }
	done
	mv "$DIR/port.new" "$DIR/port"
	PORT=$(cat "$DIR/port")
}

# write_rules [RULE…]: these, and some of the menu behind them
write_rules()
{
	local menu=(
		'rcpt r3* 450 4.2.1 mailbox busy'
		'rcpt *1@* times 40 450 4.2.0 greylisted'
		'rcpt r13.* 550 5.1.1 no such user'
		'rcpt r7.* 553 5.1.3 no such mailbox'
		'mail * after 30 times 3 421 4.3.2 going down'
		'mail * times 5 451 4.3.0 not now'
		'data * times 3 451 4.3.0 try again'
		'text * after 3 times 2 drop'
		'text * after 5 times 2 dropbefore'
		'text * after 20 times 1 dropafter 250 2.0.0 ok'
		'text * after 10 times 4 452 4.3.1 no room'
		'text * after 40 times 1 554 5.6.0 no thanks'
		'text * after 9 times 1 stall 2'
		'rcpt *5.* times 3 stall 1'
		'connect * times 2 421 4.3.2 too busy'
		'connect * after 1 times 2 drop'
		'text * after 15 times 1 crash 1'
	) n
	between 0 4
	n=$R
	printf '%s\n' "$@" >"$DIR/rules.new"
	while [ "$((n--))" -gt 0 ]; do
		between 0 $((${#menu[@]} - 1))
		echo "${menu[R]}" >>"$DIR/rules.new"
	done
	mv "$DIR/rules.new" "$DIR/rules"
}

receiver()
{
	local rounds=0 looks=('-d 3' '-C -d 40' '-C -d 120' '-P' '-C -R 3 -d 10')
	seed 1
	SINK_PID=$(cat "$DIR/sink.pid")
	while going; do
		rounds=$((rounds + 1))
		if [ "$((rounds % 5))" -eq 1 ]; then
			write_rules 'text * after 2 times 6 stall 4'
		else
			write_rules
		fi
		between 1000 6000
		nap "$R"
		[ "$((rounds % 5))" -eq 3 ] && going || continue
		between 0 4
		count restarts
		kill -KILL "$SINK_PID" 2>/dev/null
		while kill -0 "$SINK_PID" 2>/dev/null; do
			nap 10
		done
		echo '# restart 0' >>"$DIR/sink.log"
		start_receiver "${looks[R]}"
	done
}

# ---- runners and requeuers ----

LOOSE=                          # with a clock of its own

runner_slot()
{
	local i=$1 options timeout
	seed "$((10 + i))"
	while going; do
		case $i in
		1) options='-j 2 -w 1' ;;
		2 | 6) options='-w 8' ;;
		4) options='-1' ;;
		5) options='-1 -m 6' ;;
		*) options='' ;;
		esac
		[ "$i" -lt 7 ] || LOOSE=1
		# now and then less patience than the receiver needs
		timeout=$((RANDOM % 2 == 0 ? 2 : 30))
		# shellcheck disable=SC2086
		under "runner.$i" with_clock ml-runner -n 5 -t "$timeout" -e "runner.$i" $options "$SPOOL" smtp 127.0.0.1 "$(cat "$DIR/port")" \
			2>>"$DIR/log/runner.$i"
		between 50 500
		nap "$R"
	done
}

requeue_slot()
{
	local i=$1
	shift
	seed "$((30 + i))"
	[ "$i" -ne 2 ] || LOOSE=1
	while going; do
		# no lease ends the claims of who is seen to live
		under "requeue.$i" with_clock ml-requeue -g "$((RANDOM % 2 == 0 ? 1 : 30))" "$@" "$SPOOL" 2>>"$DIR/log/requeue.$i"
		between 50 500
		nap "$R"
	done
}

# ---- producers ----

# A message that is like no other, and what the receiver will say of it: TEXT, OCTETS, CRC.
write_text()
{
	local lines
	between 1 40
	[ "$((RANDOM % 50))" -ne 0 ] || between 2000 4000
	lines=$R
	TEXT=$DIR/from/$1.text
	{
		# without a Message-ID, so that the log of the runners has the UNIQUE
		printf 'From: news@lists.example.org\nSubject: %s\n\n' "$1"
		yes ".line of $1" | head -n "$lines"
	} >"$TEXT"
	read -r CRC OCTETS < <(sed 's/$/\r/' "$TEXT" | gzip -1 | tail -c 8 | od -An -tx4 --endian=little)
	OCTETS=$((16#$OCTETS))
}

# try ID CMD…: one attempt, which is acknowledged or not.
try()
{
	local id=$1 name
	shift
	echo "$id $SENDER $VERP $RCPTS $OCTETS $CRC $KEY" >>"$DIR/count/tries"
	under "producer.$P" "$@" >"$DIR/from/$P.out" 2>>"$DIR/log/producer.$P" <"$TEXT"
	[ "$CODE" -eq 0 ] || return "$CODE"
	read -r name <"$DIR/from/$P.out" || return 74
	echo "$id $name $KEY" >>"$DIR/count/acks"
}

# addresses_of ID N
addresses_of()
{
	local i
	for ((i = 1; i <= $2; i++)); do
		echo "r$i.$1@example.com"
	done
}

post_enqueue()
{
	local id=$1
	between 1 5
	RCPTS=$R
	VERP=- KEY=-
	# shellcheck disable=SC2046
	try "$id" ml-enqueue -f "$SENDER" "$SPOOL" $(addresses_of "$id" "$RCPTS") || :
}

post_explode()
{
	local id=$1 options=() n
	between 1 60
	[ "$((RANDOM % 12))" -ne 0 ] || between 200 600
	RCPTS=$R
	VERP=-
	[ "$((RANDOM % 2))" -eq 0 ] || { VERP=+=; options+=(-V "+="); }
	between 1 25
	options+=(-n "$R" -l "$DIR/from/$id.list")
	addresses_of "$id" "$RCPTS" >"$DIR/from/$id.list"
	KEY=-
	if [ "$((RANDOM % 2))" -eq 0 ]; then
		try "$id" ml-explode -f "$SENDER" "${options[@]}" "$SPOOL" || :
		return
	fi
	# under a key it is asked for again till it says yes, and then once more
	KEY=k.$id
	for ((n = 0; n < 200; n++)); do
		if try "$id" ml-explode -f "$SENDER" "${options[@]}" -k "$KEY" "$SPOOL"; then
			[ "$((RANDOM % 2))" -eq 0 ] || break
		fi
		nap 100
	done
}

producer()
{
	local k=0 id
	P=$1
	seed "$((50 + P))"
	while going; do
		k=$((k + 1))
		id=p$P-$k
		SENDER=news-$id@lists.example.org
		write_text "$id"
		if [ "$((RANDOM % 3))" -eq 0 ]; then
			post_enqueue "$id"
		else
			post_explode "$id"
		fi
		rm -f "$DIR/from/$id."*
		between 50 800
		nap "$R"
	done
}
