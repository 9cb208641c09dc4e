# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# What t/power/run can cut off: each scenario begins a spool, makes it old with `frozen`, runs programs
# as `traced`, and has all that a cut leaves of it examined.

recover_mkspool()
{
	spool=$W/trees/$tree/spool
	ml-mkspool "$spool" >"$W/recovery" 2>&1 || broken "ml-mkspool again: exit $?"
	letter x | ml-enqueue -f news@example.org "$spool" ann@example.com >"$W/recovery" 2>&1 ||
		broken "ml-enqueue: exit $?"
}

mkspool()
{
	local recovery=recover_mkspool
	begin nothing
	frozen
	must traced ml-mkspool "$SPOOL"
	examine
}

enqueue()
{
	begin
	post first@example.com >/dev/null
	frozen
	must traced ml-enqueue -f news@example.org "$SPOOL" ann@example.com bob@example.com
	examine
}

explode()
{
	begin
	addresses 1 6 >"$W/list"
	frozen
	must traced ml-explode -f news@example.org -n 2 -l "$W/list" "$SPOOL"
	examine
}

# The file system counts no more links to the text.
emlink()
{
	begin
	addresses 1 6 >"$W/list"
	frozen
	must traced -e inject=linkat:error=EMLINK:when=2+2 \
		ml-explode -f news@example.org -n 2 -l "$W/list" "$SPOOL"
	examine
}

# Envelopes that don't fit the buffer get their counts later.
large()
{
	begin
	addresses 1 6000 >"$W/list"
	frozen
	must traced ml-explode -f news@example.org -n 4000 -l "$W/list" "$SPOOL"
	TREES=$((TREES / 8)) examine
}

explode_key()
{
	ml-explode -f news@example.org -n 2 -k K -l "$W/list" "$spool" <"$W/letter"
}

key()
{
	begin
	addresses 1 6 >"$W/list"
	frozen
	must traced ml-explode -f news@example.org -n 2 -k K -l "$W/list" "$SPOOL"
	examine
	examine -a explode_key
}

# The one who made the record is killed before it was synced; another completes his broadcast.
killed()
{
	begin
	addresses 1 4 >"$W/list"
	frozen
	{
		traced -e inject=fsync:signal=KILL:when="$1" \
			ml-explode -f news@example.org -n 2 -k K -l "$W/list" "$SPOOL"
	} 2>/dev/null
	[ -e "$SPOOL/sent/K" ] && [ -z "$(ls "$SPOOL/new")" ] || fail "not killed at the sync of sent/"
}

other()
{
	killed "$(syncs_before_sent)"
	must traced ml-explode -f news@example.org -n 2 -k K -l "$W/list" "$SPOOL"
	examine
	examine -a explode_key
}

round()
{
	killed "$(syncs_before_sent)"
	must traced ml-requeue "$SPOOL"
	examine -a explode_key
}

# How many syncs come up to that of sent/.
syncs_before_sent()
{
	begin
	addresses 1 4 >"$W/list"
	strace -f -y -qq -e trace=fsync -o "$W/probe" \
		ml-explode -f news@example.org -n 2 -k K -l "$W/list" "$SPOOL" <"$W/letter" >"$W/out"
	grep -n '/sent>' "$W/probe" | head -n 1 | cut -d : -f 1
}

# runner [STRACE'S OPTIONS]
runner()
{
	must traced "$@" ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT"
}

success()
{
	begin
	post ann@example.com bob@example.com >/dev/null
	frozen
	runner
	examine
}

refused()
{
	begin
	post bad@example.com good@example.com >/dev/null
	frozen
	rule 'rcpt bad@* 550 5.1.1 unknown'
	runner
	examine
}

deferred()
{
	begin
	post late@example.com good@example.com >/dev/null
	frozen
	rule 'rcpt late@* 450 4.2.1 later'
	runner
	examine
}

# It is six days old, and was deferred before.
expired()
{
	local f
	begin
	post late@example.com good@example.com >/dev/null
	f=$(echo "$SPOOL"/new/*)
	sed -i -e "s/^born .*/born $(($(date +%s) - 6 * 86400))/" -e 's/^T000 late/T450 late/' "$f"
	echo '! 1 450 4.2.1 later' >>"$f"
	frozen
	rule 'rcpt late@* 450 4.2.1 later'
	runner
	examine
}

several()
{
	begin
	addresses 1 4 | ml-explode -f news@example.org -n 2 -m "$W/letter" "$SPOOL" >/dev/null
	post ann@example.com bad@example.com >/dev/null
	frozen
	rule 'rcpt bad@* 550 5.1.1 unknown' 'rcpt user3@* 450 4.2.1 later'
	runner
	examine
}

# So many recipients that the marks have to be synced while sending goes on.
long()
{
	begin
	addresses 1 120 | ml-explode -f news@example.org -V += -m "$W/letter" "$SPOOL" >/dev/null
	frozen
	rule 'text * stall 0.02'
	runner
	TREES=$((TREES / 3)) STATES=$((STATES / 10)) examine
}

# What a dead runner holds, what is due, what is finished, and what was staged and given up.
requeue()
{
	local name
	begin
	post 'done'@example.com >/dev/null
	ml-runner -1q "$SPOOL" smtp 127.0.0.1 "$PORT" 2>"$W/err"
	name=$(post dead@example.com)
	mv "$SPOOL/new/$name" "$SPOOL/cur/$name:1795461876163381.host.1.00000000"
	name=$(post late@example.com)
	mv "$SPOOL/new/$name" "$SPOOL/defer"
	name=$(post old@example.com)
	mv "$SPOOL/new/$name" "$SPOOL/tmp"
	touch -d '3 days ago' "$SPOOL/tmp/$name"
	frozen
	must traced ml-requeue -a -g 0 -k 0 "$SPOOL"
	examine
}

sweep()
{
	local name
	begin
	name=$(addresses 1 4 | ml-explode -f news@example.org -n 2 -m "$W/letter" "$SPOOL")
	mv "$SPOOL/new/$name" "$SPOOL/tmp"
	touch -d '3 days ago' "$SPOOL/tmp/$name"
	post ann@example.com >/dev/null
	frozen
	must traced ml-requeue "$SPOOL"
	examine
}

# An envelope that a former cut has left under two names.
twice()
{
	local name
	begin
	name=$(post ann@example.com)
	ln "$SPOOL/new/$name" "$SPOOL/cur/$name:1795461876163381.host.1.00000000"
	name=$(post bob@example.com)
	ln "$SPOOL/new/$name" "$SPOOL/tmp/$name"
	touch -d '3 days ago' "$SPOOL/tmp/$name"
	frozen
	must traced ml-requeue -g 0 "$SPOOL"
	runner
	examine
}

# Its first sync fails: all marks have to be written anew before the next.
resync()
{
	begin
	post ann@example.com bad@example.com >/dev/null
	frozen
	rule 'rcpt bad@* 550 5.1.1 unknown'
	runner -e inject=fdatasync:error=EIO:when=1
	examine
}

# Whatever call fails, of a producer, of who makes the spool, and of a round that publishes another's
# broadcast: what it then says was done is durable.
failing()
{
	local command call count n
	for command in mkspool_command enqueue_command explode_command key_command round_command; do
		case $command in
		mkspool_command) begin nothing ;;
		round_command) killed "$(syncs_before_sent)" ;;
		*) begin ;;
		esac
		addresses 1 4 >"$W/list"
		frozen
		begin again
		"$command" must traced
		mv "$W/trace.1" "$W/probe"
		for call in mkdirat write pwrite64 fsync syncfs linkat renameat; do
			count=$(grep -c " $call(" "$W/probe")
			for ((n = 1; n <= count; n++)); do
				refuse "$command" "$call" "$n"
			done
			refused=$((${refused:-0} + count))
		done
	done
	printf '%s: %d calls refused\n' "$scenario" "$refused"
}

# refuse COMMAND CALL N
refuse()
{
	local line code=0
	begin again
	"$1" traced -e inject="$2:error=EIO:when=$3" || code=$?
	case $2 in
	*sync) [ "$code" -ne 0 ] && [ ! -s "$W/out" ] || fail "$1: $2 $3 failed, and that was acknowledged" ;;
	esac
	line=$("$build/t/powercut" -k 30 "$W/root" "$W/trace.1" 2>&1) || fail "$1, $2 $3 failed: $line"
}

mkspool_command()
{
	"$@" ml-mkspool "$SPOOL"
}

round_command()
{
	"$@" ml-requeue "$SPOOL"
}

enqueue_command()
{
	"$@" ml-enqueue -f news@example.org "$SPOOL" ann@example.com
}

explode_command()
{
	"$@" ml-explode -f news@example.org -n 2 -l "$W/list" "$SPOOL"
}

key_command()
{
	"$@" ml-explode -f news@example.org -n 2 -k K -l "$W/list" "$SPOOL"
}

# A second cut, in the recovery from the first one.
recovering()
{
	local seeds=$W/seeds first tree count=0
	rm -rf "$seeds"
	for first in key deferred several requeue; do
		mkdir -p "$seeds"
		SEEDS=${SEEDS:-6} "$first"
		for tree in "$seeds"/*.expect; do
			rm -rf "$W/root" "$W/root.start" "$W"/trace.*
			cp -a "${tree%.expect}" "$W/root"
			traces=0
			frozen
			must traced ml-requeue -a -g 0 "$SPOOL"
			runner
			count=$((count + 1))
			seeds='' scenario="recovering from $first, $count" TREES=$((TREES / 10)) examine
		done
		rm -rf "$seeds"
	done
}
