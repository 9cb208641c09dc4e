# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# shellcheck disable=SC2034
# The scenes.  options_SCENE says what the receiver is (SINK_OPTIONS), scene_SCENE makes the spool, if
# it must not be empty, and sets
#   COMMAND    what is struck
#   KIND       producer, keyed, runner, requeue, maker or reader: how it is judged
#   ALL        every recipient of every message
#   FLIGHT     how many of them may get it twice
#   RULES      the receiver's, and LATER, its rules during recovery
#   FAILING    of ALL those who end in fail/
#   HELD       how many envelopes end in hold/
#   DEFERRED   how many envelopes may be in defer/ when the command says that it has done its work
#   IDLE       1: it leaves what there is to others
#   BESIDE     what happens beside it
#   EVENT      a line of its log that shows that it is what it says
#   VARIES     1: the number of its calls is not always the same, and one in ten need not be reached
#   SPARE      so many runs in a row that have no such call are the end
#   CROWD      so many at a time for each processor: where there is much waiting

# How many calls each has at least, whatever the system: about two in three of those on one of them.
declare -A LEAST=([mkspool]=40 [enqueue]=25 [explode]=35 [large]=40 [behind]=320 [keyed]=40 [loser]=50
	[success]=160 [deferral]=130 [failure]=140 [refused]=140 [expiry]=120 [partial]=140 [window]=170
	[lost]=220 [odd]=140 [lmtp]=140 [crew]=300 [requeue]=180 [status]=140
	[header]=25 [pipe]=100 [pipe_deferral]=100 [pipe_failure]=100 [pipe_nothing]=60 [surplus]=30 [paused]=30
	[stay]=120 [down]=120 [renamed]=120 [rounds]=90)

SENDER=news@example.org
RULES=''
LATER=''
FAILING=''
HELD=0
FLIGHT=0
DEFERRED=0
IDLE=0
BESIDE=''
EVENT=''
VARIES=0
SPARE=1
CROWD=1
STAGED=''                       # a broadcast that a record names, and nobody published
GRACE=''                        # recovery's lease, where nobody could be probed

write_text()
{
	printf 'From: news@example.org\nSubject: sweep\nMessage-ID: <1@example.org>\n\nHello.\n' >text
	mapfile -t TEXT < <(sed 's/$/\r/' text)
}

users()
{
	local i
	ALL=
	for ((i = 1; i <= $1; i++)); do
		ALL+="user$i@example.com "
	done
	# shellcheck disable=SC2086
	printf '%s\n' $ALL >list
}

# to ADDRESS…: one envelope to them, its path in ENVELOPE.
to()
{
	local name
	name=$(ml-enqueue -f "$SENDER" "$SPOOL" "$@" <text) || exit
	ALL+="$* "
	ENVELOPE=$SPOOL/new/$name
}

# runs OPTIONS…: what is there now is what each run of ml-runner OPTIONS begins with.
runs()
{
	cp -a "$SPOOL" work
	KIND=runner
	COMMAND=(ml-runner -t 3 "$@" "$SPOOL" "${TRANSPORT:-smtp}" 127.0.0.1 "$PORT")
}

# ---- producers ----

scene_mkspool()
{
	KIND=maker NO_SPOOL=1 ALL='ann@example.com '
	COMMAND=(ml-mkspool "$SPOOL")
}

scene_enqueue()
{
	KIND=producer ALL='ann@example.com bob@example.com '
	COMMAND=(ml-enqueue -f "$SENDER" "$SPOOL" ann@example.com bob@example.com)
}

# Whom the header names, without its Bcc.
scene_header()
{
	printf 'From: news@example.org\nTo: Ann <ann@example.com>\nBcc: bob@example.com\nSubject: sweep\nMessage-ID: <1@example.org>\n\nHello.\n' >text
	mapfile -t TEXT < <(grep -v ^Bcc text | sed 's/$/\r/')
	KIND=producer ALL='ann@example.com bob@example.com '
	COMMAND=(ml-enqueue -f "$SENDER" -t "$SPOOL")
}

scene_explode()
{
	users 6
	KIND=producer
	COMMAND=(ml-explode -f "$SENDER" -V += -n 2 -l list "$SPOOL")
}

# Envelopes that are larger than what is written at a time: the count of recipients is patched.
scene_large()
{
	local i
	awk 'BEGIN { for (i = 1; i <= 240; i++) { printf "user%d@example.com\tname=", i
		for (k = 0; k < 600; k++) printf "x"; print "" } }' >list
	KIND=producer ALL=
	for ((i = 1; i <= 240; i++)); do
		ALL+="user$i@example.com "
	done
	COMMAND=(ml-explode -f "$SENDER" -n 120 -l list "$SPOOL")
}

# So many that a thread writes them.
scene_behind()
{
	users 90
	KIND=producer
	COMMAND=(ml-explode -f "$SENDER" -n 1 -l list "$SPOOL")
}

scene_keyed()
{
	users 6
	KIND=keyed
	COMMAND=(ml-explode -f "$SENDER" -n 2 -k K -l list "$SPOOL")
}

# Another has the key already: this one loses, and completes it.
scene_loser()
{
	users 4
	ml-mkspool "$SPOOL"
	COMMAND=(ml-explode -f "$SENDER" -n 2 -k K -l list "$SPOOL")
	cut_off renameat "${COMMAND[@]}"
	cp -a "$SPOOL" work
	KIND=keyed
}

# cut_off CALL CMD…: CMD is killed at its first CALL.
cut_off()
{
	local n call=$1
	shift
	cp -a "$SPOOL" keep
	"$FAULT" -s "$SPOOL" -r calls "$@" <text >/dev/null
	n=$(awk -v call="$call" '$2 == call { print $1; exit }' calls)
	rm -rf "$SPOOL"
	mv keep "$SPOOL"
	"$FAULT" -a kill -n "$n" -s "$SPOOL" -r report "$@" <text >/dev/null
	grep -q "^$call " report || { echo "not cut off at $call"; exit 1; }
}

# ---- a runner, and what becomes of its envelopes ----

scene_success()
{
	users 3
	ml-mkspool "$SPOOL"
	ml-explode -f "$SENDER" -V += -n 2 -m text -l list "$SPOOL" >/dev/null
	to ann@example.com bob@example.com
	FLIGHT=2
	runs -1
}

scene_deferral()
{
	ml-mkspool "$SPOOL"
	to late@example.com ann@example.com
	to later@example.com
	RULES='rcpt late*@* 450 4.2.1 later'
	FLIGHT=1 DEFERRED=2
	runs -1
}

scene_failure()
{
	ml-mkspool "$SPOOL"
	to bad@example.com
	SENDER=spam@example.org
	to ann@example.com bob@example.com
	RULES=$'rcpt bad@* 550 5.1.1 no such user\nmail spam@* 550 5.7.1 not from you'
	LATER=$RULES FAILING='bad@example.com ann@example.com bob@example.com '
	runs -1
}

scene_refused()
{
	ml-mkspool "$SPOOL"
	to ann@example.com bob@example.com
	to eve@example.com
	RULES='text Hello 554 5.6.0 not this'
	LATER=$RULES FAILING=$ALL
	runs -1
}

# Six days old, deferred before, and still refused for now.
scene_expiry()
{
	ml-mkspool "$SPOOL"
	to late@example.com ann@example.com
	sed -i -e "s/^born .*/born $(($(date +%s) - 6 * 86400))/" -e 's/^T000/T450/' "$ENVELOPE"
	echo '! 1 450 4.2.1 later' >>"$ENVELOPE"
	RULES='rcpt late@* 450 4.2.1 later'
	LATER=$RULES FAILING='late@example.com ' FLIGHT=1
	runs -1
}

scene_partial()
{
	ml-mkspool "$SPOOL"
	to ann@example.com bad@example.com late@example.com bob@example.com
	to eve@example.com
	RULES=$'rcpt bad@* 550 5.1.1 no such user\nrcpt late@* times 1 450 4.2.1 later'
	LATER='rcpt bad@* 550 5.1.1 no such user'
	FAILING='bad@example.com ' FLIGHT=2 DEFERRED=1
	runs -1
}

# Text by text in one write, eight of them unanswered at a time.
options_window()
{
	SINK_OPTIONS='-C -d 1'
}

scene_window()
{
	users 24
	ml-mkspool "$SPOOL"
	ml-explode -f "$SENDER" -V += -n 10 -m text -l list "$SPOOL" >/dev/null
	FLIGHT=8
	runs -1 -w 8
}

# What was accepted before the connection went is sent again: one more in flight.
scene_lost()
{
	users 6
	ml-mkspool "$SPOOL"
	ml-explode -f "$SENDER" -V += -n 3 -m text -l list "$SPOOL" >/dev/null
	RULES=$'text * after 1 times 1 dropbefore\ntext * after 2 times 1 drop\nmail * after 3 times 1 421 4.3.2 going down'
	FLIGHT=4 DEFERRED=2
	runs -1
}

# One that has no message, one that is torn, one that has nothing to do, and one as it should be.
scene_odd()
{
	ml-mkspool "$SPOOL"
	to none@example.com
	rm "$SPOOL/mess/${ENVELOPE#*/new/*.}"
	to torn@example.com torn2@example.com
	sed -i '$d' "$ENVELOPE"
	to done@example.com
	sed -i 's/^T000/D250/' "$ENVELOPE"
	ALL=
	to ann@example.com
	HELD=2 FLIGHT=1
	runs -1
}

options_lmtp()
{
	SINK_OPTIONS=
}

scene_lmtp()
{
	ml-mkspool "$SPOOL"
	to ann@example.com bad@example.com late@example.com
	to bob@example.com
	RULES=$'lmtp bad@* 550 5.1.1 no such user\nlmtp late@* times 1 450 4.2.1 later'
	LATER='rcpt bad@* 550 5.1.1 no such user'
	FAILING='bad@example.com ' FLIGHT=3 DEFERRED=1
	TRANSPORT=lmtp
	runs -1
	TRANSPORT=smtp
}

# piped COMMAND…: a command gets each message, and writes into the receiver's log what became of it.
# What keeps it from being run is its failure: the envelope waits.
piped()
{
	cat >taker <<-'END'
		text=
		while IFS= read -r line; do
			text=$text$line/
		done
		case $text,$RECIPIENT in
		*/Hello./,bad*) echo "no such user" >&2; exit 67 ;;
		*/Hello./,late*) exit 75 ;;
		*/Hello./,*) printf '0\t0\t%s\t%s\n' "$SENDER" "$RECIPIENT" >>sink.log ;;
		# whoever writes dies, and no command can tell that from the end
		*) echo "# half a text" >>sink.log; exit 75 ;;
		esac
	END
	runs -1
	DEFERRED=9
	COMMAND=(ml-runner -t 3 -1 "$SPOOL" pipe "$@")
}

scene_pipe()
{
	users 3
	ml-mkspool "$SPOOL"
	ml-explode -f "$SENDER" -V += -n 2 -m text -l list "$SPOOL" >/dev/null
	FLIGHT=1
	piped sh taker
}

scene_pipe_deferral()
{
	ml-mkspool "$SPOOL"
	to late@example.com ann@example.com
	FLIGHT=1
	piped sh taker
}

scene_pipe_failure()
{
	ml-mkspool "$SPOOL"
	to ann@example.com bad@example.com
	LATER='rcpt bad@* 550 5.1.1 no such user' FAILING='bad@example.com ' FLIGHT=1
	piped sh taker
}

# There is no such command, which is nobody's fault: all wait.
scene_pipe_nothing()
{
	ml-mkspool "$SPOOL"
	to ann@example.com
	piped ./no-such-command
}

# Two children and their parent; everything above a little.
scene_crew()
{
	users 6
	ml-mkspool "$SPOOL"
	ml-explode -f "$SENDER" -V += -n 2 -m text -l list "$SPOOL" >/dev/null
	to late@example.com ann@example.com
	to bad@example.com
	RULES=$'rcpt bad@* 550 5.1.1 no such user\nrcpt late@* 450 4.2.1 later'
	LATER='rcpt bad@* 550 5.1.1 no such user'
	FAILING='bad@example.com ' FLIGHT=2 DEFERRED=1 VARIES=1 SPARE=3
	runs -1 -j 2
}

# ---- a runner that finds nothing to do for it ----

scene_surplus()
{
	ml-mkspool "$SPOOL"
	to ann@example.com
	: >"$SPOOL/run/1000000000000000.elsewhere.1.00000000"
	IDLE=1 GRACE='-g 0'
	runs -1 -m 1
}

scene_paused()
{
	ml-mkspool "$SPOOL"
	to ann@example.com
	: >"$SPOOL/paused"
	IDLE=1
	runs -1
}

# ---- one that stays: it idles, is woken, and is told to go ----

# in_time CMD…: till it is true, or what is struck has ended, or that takes too long.  It begins when
# that has begun, however busy the machine is, and starts no process, of which there are enough.
in_time()
{
	local end
	until has_begun || [ ! -e "/proc/$MET" ]; do
		nap
	done
	end=$((SECONDS + 3))
	until "$@" 2>/dev/null; do
		[ -e "/proc/$MET" ] && [ "$SECONDS" -lt "$end" ] || return
		nap
	done
}

# Nobody writes there.
nap()
{
	[ -n "${NAP:-}" ] || exec {NAP}<> <(:)
	read -rt 0.02 -u "$NAP"
}

is_in_state()
{
	local line=() f
	for f in "$SPOOL"/run/[0-9]*; do
		mapfile -t line <"$f"
	done
	[[ " ${line[*]} " = *" state $1 "* ]]
}

is_logged()
{
	local line
	mapfile -t line <sink.log
	[[ "${line[*]}" = *"$1"* ]]
}

is_gone()
{
	[ ! -e "$1" ]
}

# What is traced is the tracer's child: PREY.
has_begun()
{
	PREY=
	if [ -e "/proc/$MET/task/$MET/children" ]; then
		read -r PREY _ <"/proc/$MET/task/$MET/children"
	else
		PREY=$(pgrep -P "$MET")
	fi 2>/dev/null
	[ -n "$PREY" ]
}

tell()
{
	has_begun && kill -"$1" "$PREY" 2>/dev/null
}

wake_and_stop()
{
	in_time is_in_state idle
	ml-enqueue -f "$SENDER" "$SPOOL" ann@example.com <text >/dev/null
	in_time is_logged ann@example.com
	tell TERM
}

scene_stay()
{
	ml-mkspool "$SPOOL"
	runs
	ALL='ann@example.com ' FLIGHT=1 BESIDE=wake_and_stop IDLE=1 VARIES=1 CROWD=4
}

# The receiver is down at first: it keeps off, and tries again.
scene_down()
{
	ml-mkspool "$SPOOL"
	to ann@example.com
	runs
	RULES='connect * times 1 421 4.3.2 not now'
	FLIGHT=1 EVENT=down BESIDE=await_and_stop IDLE=1 VARIES=1 CROWD=8
}

await_and_stop()
{
	in_time is_logged ann@example.com
	tell TERM
}

# Its file has gone, as when another took it for dead: it takes a new name, and its claims along.
scene_renamed()
{
	ml-mkspool "$SPOOL"
	to ann@example.com
	to bob@example.com
	RULES='text * times 1 stall 1.1'
	runs -t 9
	FLIGHT=2 GRACE='-g 0' EVENT=renamed BESIDE=revoke_and_stop IDLE=1 VARIES=1 CROWD=12
}

revoke_and_stop()
{
	in_time is_logged stall
	rm -f "$SPOOL"/run/[0-9]*
	in_time is_logged bob@example.com
	tell TERM
}

# ---- requeue: one of everything that a round deals with ----

scene_requeue()
{
	local name staged
	ml-mkspool "$SPOOL"
	to done@example.com
	to late@example.com
	rules 'rcpt late@* 450 4.2.1 later'
	ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT" 2>/dev/null
	rules ''
	# claimed by a runner that was killed, and by one whose run file is gone as well
	to one@example.com
	cut_off pwrite64 ml-runner -1 "$SPOOL" smtp 127.0.0.1 "$PORT" 2>/dev/null
	for name in "$SPOOL"/new/[0-9]*; do
		[ ! -e "$name" ] || mv "$name" "$SPOOL/cur/${name##*/}:1795461876163381.host.2.00000000"
	done
	to two@example.com
	mv "$ENVELOPE" "$SPOOL/cur/${ENVELOPE##*/}:1795461876163381.host.1.00000000"
	# staged, and recorded under a key; staged, and old
	users 4
	cut_off renameat ml-explode -f "$SENDER" -n 2 -k K -l list "$SPOOL"
	staged=$(find "$SPOOL/tmp" -mindepth 1)
	STAGED=$(find "$SPOOL/tmp" -mindepth 1 -maxdepth 1 -name '[0-9]*' -printf '%f')
	cut_off renameat ml-explode -f "$SENDER" -n 2 -l list "$SPOOL"
	cut_off renameat ml-enqueue -f "$SENDER" "$SPOOL" old@example.org
	find "$SPOOL/tmp" -mindepth 1 | grep -vxF "$staged" | xargs touch -d '3 days ago'
	ALL+='late@example.com one@example.com two@example.com '
	GRACE='-g 0'
	cp -a "$SPOOL" work
	KIND=requeue
	COMMAND=(ml-requeue -a -g 0 -k 0 "$SPOOL")
}

# It makes a round, another when it is asked to, and ends in between.
scene_rounds()
{
	ml-mkspool "$SPOOL"
	to later@example.com
	mv "$ENVELOPE" later
	LATE=$SPOOL/defer/${ENVELOPE##*/}
	to late@example.com
	mv "$ENVELOPE" "$SPOOL/defer"
	cp -a "$SPOOL" work
	KIND=requeue EVENT=requeued
	COMMAND=(ml-requeue -a -g 0 -k 0 -i 3600 "$SPOOL")
	BESIDE=ask_and_stop VARIES=1 CROWD=3
}

ask_and_stop()
{
	in_time is_in_state idle
	cp later .later
	mv .later "$LATE"
	tell ALRM
	in_time is_gone "$LATE"
	tell TERM
}

# ---- status: it only reads ----

scene_status()
{
	scene_requeue
	KIND=reader
	COMMAND=(ml-status "$SPOOL")
}
