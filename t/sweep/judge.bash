# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# shellcheck disable=SC2154
# What must hold, whatever happened at whichever call.  Shell only where that will do: this runs some
# ten thousand times.

declare -A REASON=([ENOSPC]='No space left on device' [EDQUOT]='Disk quota exceeded' [EIO]='Input/output error'
	[EMFILE]='Too many open files' [ENFILE]='Too many open files in system' [ENOMEM]='Cannot allocate memory'
	[EAGAIN]='Resource temporarily unavailable' [EINTR]='Interrupted system call')
shopt -s nullglob

# Nobody sees an envelope that is not whole, with its whole text.
all_whole()
{
	local f name unique line n rcpts text
	for f in "$SPOOL"/{new,cur,defer,fail,hold}/[0-9]* "$SPOOL"/new/*/*; do
		[ -f "$f" ] || continue
		name=${f##*/}
		name=${name%%:*}
		unique=${name#*.}
		[ "$HELD" -eq 0 ] || continue
		mapfile -t line <"$f"
		[ "${line[0]:-}" = ml1 ] || complain "not an envelope: $f"
		rcpts=0 n=0
		for text in "${line[@]}"; do
			case $text in
			'rcpts '*) rcpts=$((10#${text#rcpts })) ;;
			[TDF][0-9][0-9][0-9]' '*) n=$((n + 1)) ;;
			esac
		done
		[ "$n" -eq "$rcpts" ] && [ "$n" -gt 0 ] || complain "half visible: $f"
		mapfile -t text <"$SPOOL/mess/$unique" || complain "no text: $f"
		[ "${text[*]}" = "${TEXT[*]}" ] || complain "half a text: $f"
	done
}

recover()
{
	local i left
	rules "$LATER"
	[ ! -e "$SPOOL/paused" ] || rm "$SPOOL/paused"
	for i in 1 2; do
		# shellcheck disable=SC2086
		ml-requeue -a $GRACE "$SPOOL" >recovery 2>&1 || complain "ml-requeue: exit $?"
		timeout 20 ml-runner -1q "$SPOOL" "${TRANSPORT:-smtp}" 127.0.0.1 "$PORT" >>recovery 2>&1 ||
			complain "ml-runner: exit $?"
		left=("$SPOOL"/{new,cur,defer}/*)
		[ "${#left[@]}" -gt 0 ] || break
	done
}

# Who has it, and how often: GOT, TIMES; who has failed, with a reason: LOST.
read_outcome()
{
	local line field i f
	GOT=() LOST=() TIMES=0
	mapfile -t line <sink.log
	for i in "${line[@]}"; do
		case $i in
		'# half a text') [[ $ACTION = @(kill|group) ]] || complain "$i" ;;
		esac
		[ "${i:0:1}" != '#' ] || continue
		IFS=$'\t' read -ra field <<<"$i"
		GOT[${field[3]}]=$((${GOT[${field[3]}]:-0} + 1))
		TIMES=$((TIMES + 1))
	done
	for f in "$SPOOL"/fail/[0-9]*; do
		read_failed "$f"
	done
}

read_failed()
{
	local line i n=0 address=() all=
	mapfile -t line <"$1"
	for i in "${line[@]}"; do
		case $i in
		[TDF][0-9][0-9][0-9]' '*)
			n=$((n + 1))
			[ "${i:0:1}" != F ] || address[n]=${i:5}
			[ "${i:0:1}" != T ] || complain "in fail/ and still to do: $i"
			;;
		'! 0 5'*) all=1 ;;
		esac
	done
	for i in "${line[@]}"; do
		[[ $i =~ ^'! '([1-9][0-9]*)' '[45] ]] && [ -n "${address[BASH_REMATCH[1]]:-}" ] && LOST[${address[BASH_REMATCH[1]]}]=1
	done
	for i in "${address[@]}"; do
		[ -z "$all" ] || LOST[$i]=1
		[ -n "${LOST[$i]:-}" ] || complain "failed without a reason: $i"
	done
}
declare -A GOT LOST

# Each of ALL has it or has failed; nobody else; and no more than FLIGHT too many.
everybody()
{
	local a n=0 known=" $ALL$FAILING"
	for a in $ALL; do
		n=$((n + 1))
		[ -n "${GOT[$a]:-}${LOST[$a]:-}" ] || complain "lost: $a"
	done
	for a in $FAILING; do
		[ -n "${LOST[$a]:-}" ] || complain "did not fail: $a"
	done
	for a in "${!GOT[@]}" "${!LOST[@]}"; do
		[[ $known = *" $a "* ]] || complain "nobody named $a"
	done
	[ "$TIMES" -le $((${#GOT[@]} + $1)) ] || complain "$TIMES deliveries to ${#GOT[@]} recipients"
}

# all_or_none: a broadcast went to everybody once, or to nobody; if it was acknowledged, to everybody.
all_or_none()
{
	local all
	read -ra all <<<"$ALL"
	[ "$TIMES" -eq 0 ] && [ "$CODE" -ne 0 ] && return
	[ "$TIMES" -eq "${#all[@]}" ] && [ "${#GOT[@]}" -eq "$TIMES" ] || complain "$TIMES deliveries to ${#GOT[@]} of ${#all[@]}"
}

# What a crash left goes in its time, and there is nothing else.
nothing_left()
{
	local f left
	left=("$SPOOL"/hold/[0-9]*)
	[ "${#left[@]}" -eq "$HELD" ] || complain "${#left[@]} in hold/"
	for f in "${left[@]}" "$SPOOL"/fail/[0-9]*; do
		left=${f##*/}
		rm -f "$f" "$SPOOL/mess/${left#*.}"
	done
	left=("$SPOOL"/tmp/* "$SPOOL"/tmp/.[!.]* "$SPOOL"/tmp/*/*)
	[ "${#left[@]}" -eq 0 ] || touch -d '3 days ago' "${left[@]}"
	ml-requeue -k 0 -g 0 "$SPOOL" >recovery 2>&1 || complain "no sweeping: exit $?"
	left=("$SPOOL"/sent/* "$SPOOL"/run/.seen.*)
	[ "${#left[@]}" -eq 0 ] || rm "${left[@]}"
	left=("$SPOOL"/*/* "$SPOOL"/*/.[!.]*)
	[ "${#left[@]}" -eq 0 ] || complain "something is left: ${left[*]}"
}

# The command's own end: its code, and what it said.
end_is_clean()
{
	local name=${ACTION%+} line
	[ "$CALL" != beyond ] || { [ "$CODE" -eq 0 ] || complain "nothing happened, and exit $CODE"; return 0; }
	case $name in
	kill | group) return ;;
	EINTR | short) [ "$CODE" -eq 0 ] || complain "exit $CODE" ;;
	memory) name=ENOMEM ;;
	esac
	[ "$CODE" -lt 124 ] || complain "exit $CODE"
	if [ "$CODE" -eq 0 ]; then
		case $KIND,$CALL in
		maker,*sync* | producer,*sync* | keyed,*sync*) [[ $name = @(EINTR|short) ]] || complain "not synced, and exit 0" ;;
		esac
		return 0
	fi
	mapfile -t line <err
	[ "$KIND" = runner ] || [ "$KIND" = requeue ] || [ "$KIND" = reader ] || [ "${#line[@]}" -eq 1 ] || complain "not one line"
	# a runner's connection is lost by the same errors, which is an event of its log
	[[ $'\n'$(<err) =~ $'\n'(${COMMAND[0]}': '|(down|disconnected)' '.*error=).+ ]] || complain "it failed, and said nothing"
	[[ $(<err) = *"${REASON[$name]}"* ]] || { [ "$KIND" = runner ] && hit_a_socket; } || complain "not clear"
}

# A connection has its own words for what becomes of it.
hit_a_socket()
{
	case $CALL in
	poll | ppoll | socket | connect | sendto | recvfrom | sendmsg | recvmsg | [gs]etsockopt | get*name | shutdown) return ;;
	esac
	[[ $OBJECT = socket:* ]]
}

# to_do_in DIRECTORY…: the envelopes in it; an emptied broadcast waits for whoever looks next.
to_do_in()
{
	local d f
	for d in "${@/#/$SPOOL/}"; do
		for f in "$d"/[0-9]* "$d"/[0-9]*/[0-9]*; do
			[ ! -f "$f" ] || TO_DO+=("$f")
		done
	done
}

# Whom there is nothing for leaves it alone, whatever he could not find out.
left_alone()
{
	[ "$IDLE" -eq 1 ] && [ -z "$BESIDE" ] || return 0
	[ -n "$(find "$SPOOL/new" -type f)" ] && ! grep -qv '^#' sink.log || complain "claimed"
}

# Who says that it has done its work has done it, before anybody mends anything.
work_is_done()
{
	local TO_DO=() left
	# who stays has told of what failed, and would have tried again
	[ "$CODE" -eq 0 ] && { [ -z "$BESIDE" ] || [ "$CALL" = beyond ]; } || return 0
	case $KIND in
	maker) return ;;
	runner)
		to_do_in cur
		left=("$SPOOL"/defer/[0-9]*)
		[ "$IDLE" -eq 1 ] || to_do_in new
		[ "$IDLE" -eq 1 ] || [ "${#left[@]}" -le "$DEFERRED" ] || hit_a_socket || TO_DO+=("${left[@]}")
		;;
	requeue)
		to_do_in cur defer 'done'
		TO_DO+=("$SPOOL"/tmp/*)
		[ -z "$STAGED" ] || [ -e "$SPOOL/new/$STAGED" ] || complain "exit 0, and the broadcast of a record is not there"
		;;
	esac
	[ "${#TO_DO[@]}" -eq 0 ] || complain "exit 0, and there is still something to do: ${TO_DO[*]}"
	# what is published stays acknowledged if its name can't be printed
	[ "$KIND" = runner ] || ! grep -v ': stdout: ' err | grep -q "^${COMMAND[0]}: " || complain "an error, and exit 0"
}

# Who fails takes its staging back, but where it is not known whether it was published.
taken_back()
{
	local left
	[ "$CODE" -ne 0 ] && [[ $ACTION != *+ ]] && [ "$ACTION" != kill ] || return 0
	case $CALL in
	unlinkat | linkat) return ;;
	esac
	left=("$SPOOL"/new/* "$SPOOL"/sent/*)
	[ "${#left[@]}" -eq 0 ] || return 0
	left=("$SPOOL"/tmp/* "$SPOOL"/tmp/.[!.]* "$SPOOL"/mess/*)
	[ "${#left[@]}" -eq 0 ] || complain "not taken back: ${left[*]}"
}

# After a failure anybody asks again.
ask_again()
{
	local name
	"${COMMAND[@]}" <text >again 2>err || complain "asked again: exit $?"
	CODE=0
	[ ! -s out ] || [ "$(<out)" = "$(<again)" ] || complain "another name"
	recover
	read_outcome
	all_or_none
	"${COMMAND[@]}" <text >again 2>err || complain "asked for the third time: exit $?"
	name=$TIMES
	recover
	read_outcome
	[ "$TIMES" -eq "$name" ] || complain "sent again"
}

judge()
{
	end_is_clean
	left_alone
	work_is_done
	case $KIND in
	producer)
		taken_back
		all_whole
		recover
		read_outcome
		all_or_none
		;;
	keyed)
		taken_back
		all_whole
		[ "$CODE" -ne 0 ] || [ -s out ] || grep -q ': stdout: ' err || complain "no name"
		ask_again
		;;
	maker)
		ml-mkspool "$SPOOL" 2>err || complain "asked again: exit $?"
		ml-enqueue -f "$SENDER" "$SPOOL" ann@example.com <text >out 2>err || complain "not usable: exit $?"
		recover
		read_outcome
		everybody 0
		nothing_left
		rm -rf "$SPOOL"
		return
		;;
	reader)
		return
		;;
	*)
		all_whole
		recover
		read_outcome
		if [ "${ACTION%+}" = EINTR ] || [ "${ACTION%+}" = short ] || [ "$CALL" = beyond ]; then
			everybody $((FLIGHT > 3 && FLIGHT < 8 ? FLIGHT : 0))
		else
			everybody "$FLIGHT"
		fi
		;;
	esac
	nothing_left
}
