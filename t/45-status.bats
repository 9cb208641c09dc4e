# SPDX-License-Identifier: ISC
# ml-status.  Not tested here: -w on a terminal beyond its first pictures.
load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

# post [N]: an envelope with N recipients (1) in new/
post()
{
	# shellcheck disable=SC2046
	NAME=$(ml-enqueue -f news@example.org "$SPOOL" $(addresses "${1:-1}") < <(letter))
	UNIQUE=${NAME#*.}
}

explode()
{
	NAME=$(ml-explode -f news@example.org -n 2 -l <(addresses "$1") "$SPOOL" < <(letter))
	UNIQUE=${NAME#*.}
}

# row NAME: the words of a line of the picture
row()
{
	ml-status "$SPOOL" | awk -v r="$1" '$1 == r { $1 = $1; print; exit }'
}

# metric NAME LABELS: its value
metric()
{
	ml-status -m "$SPOOL" | awk -v m="ml_spool_$1{$2${2:+,}spool=\"$SPOOL\"}" '$1 == m { print $2 }'
}

everything()
{
	find "$SPOOL" -exec stat -c '%n %a %u %g %i %h %s %F %y %z' {} + | sort
}

# peer RUNNER PID LAST
peer()
{
	cat >"$SPOOL/run/$1" <<-END
		host $(uname -n | cut -c 1-40)
		pid $2
		start $(sed 's/.*) //' "/proc/$2/stat" 2>/dev/null | cut -d ' ' -f 20)
		boot $(cat /proc/sys/kernel/random/boot_id)
		pidns $(readlink /proc/self/ns/pid | tr -dc 0-9)
		role runner
		state busy
		since $(($(date +%s) - 600))
		done 4711
		failed 12
		deferred 34
		last $3
	END
}

gone()
{
	sh -c 'echo $$'
}

# --- the picture

@test "an empty spool is shown with its sections" {
	run -0 --separate-stderr ml-status "$SPOOL"
	[ "$stderr" = '' ]
	[ "$(awk '{ print $1 }' <<<"$output" | tr -s '\n' ' ')" = \
		'envelopes new cur defer fail done hold runners messages staging keys room paused ' ]
	[ "$(row new)" = 'new - - - - - -' ]
	[ "$(row runners)" = 'runners none' ]
	[ "$(row messages)" = 'messages 0' ]
	[ "$(row paused)" = 'paused no' ]
	[[ $(row room) =~ ^'room '[0-9.]+' '[KMGTP]iB' of '[0-9.]+' '[KMGTP]iB ]]
}

@test "each directory has its envelopes, broadcasts, recipients and oldest" {
	explode 5
	post 3
	sed -i '0,/^T000/s//D250/' "$SPOOL/new/$NAME"
	[[ $(row new) =~ ^'new 4 1 7 1 - '[0-9]s$ ]]
	mv "$SPOOL/new/$NAME" "$SPOOL/hold/"
	sed -i -e 's/^T000/F550/' -e 's/^born .*/born '$(($(date +%s) - 10000))/ "$SPOOL/hold/$NAME"
	[[ $(row hold) = 'hold 1 - - 1 2 2h' ]]
	[[ $(row new) =~ ^'new 3 1 5 - - ' ]]
	[ "$(row messages)" = 'messages 4' ]
}

@test "what is in hold/ as a broadcast is counted too, and told to be held" {
	explode 4
	mv "$SPOOL/new/$NAME" "$SPOOL/hold/"
	[[ $(row hold) =~ ^'hold 2 1 4 - - ' ]]
	run -0 ml-status "$SPOOL"
	[[ $output == *"$NAME (held)"* ]]
}

@test "the next due time is the smallest ORDER in defer/" {
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/$(($(date +%s) + 5 * 3600))000000.$UNIQUE"
	[[ $(row defer) = *' next due in 4h' ]]
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/$(($(date +%s) + 330))000000.$UNIQUE"
	[[ $(row defer) = *' next due in 5m' ]]
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	[[ $(row defer) = *' due now' ]]
}

@test "a broadcast's progress is the sum over all directories" {
	explode 8
	set -- "$SPOOL/new/$NAME"/*
	sed -i 's/^T000/D250/' "$1"
	mv "$1" "$SPOOL/done/"
	sed -i -e '0,/^T000/s//F550/' -e 's/^T000/D250/' "$2"
	mv "$2" "$SPOOL/fail/"
	sed -i '0,/^T000/s//T451/' "$3"
	mv "$3" "$SPOOL/defer/"
	run -0 ml-status "$SPOOL"
	[[ $(grep "$NAME" <<<"$output") =~ ^[0-9]s\ +50%\ +4\ +3\ +1\ +"$NAME"$ ]]
}

@test "on a terminal a broadcast has a bar, elsewhere none" {
	explode 4
	set -- "$SPOOL/new/$NAME"/*
	sed -i 's/^T000/D250/' "$1"
	run -0 ml-status "$SPOOL"
	[[ $output != *'[###'* ]]
	need script
	run -0 script -qec "ml-status '$SPOOL'" /dev/null
	[[ $output == *'[###############...............]  50%'* ]]
}

@test "runners are told to be alive, dead or unknown, with claims and the last refusal" {
	start sleep 60
	peer 1700000000000000.a.1.aaaaaaaa "$PID" '451 4.3.2 too busy'
	peer 1700000000000000.b.2.bbbbbbbb "$(gone)" ''
	: >"$SPOOL/run/1700000000000000.c.3.cccccccc"
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:1700000000000000.a.1.aaaaaaaa"
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:nobody"
	[[ $(row aaaaaaaa) =~ ^'aaaaaaaa alive runner busy 10m '[0-9]'s 4711 12 34 1 '.+' '"$PID"$ ]]
	[[ $(row bbbbbbbb) =~ ^'bbbbbbbb dead runner busy 10m '[0-9]'s 4711 12 34 - ' ]]
	[[ $(row cccccccc) =~ ^'cccccccc unknown - - - '[0-9]'s - - - - ' ]]
	[ "$(row last)" = 'last refusal: 451 4.3.2 too busy' ]
	[[ $(row cur) = 'cur 2 '*' 1 of nobody in run/' ]]
}

@test "a paused spool, staging, leftovers and keys are told" {
	touch "$SPOOL/paused" "$SPOOL/tmp/.text.x"
	touch -d '2 days ago' "$SPOOL/tmp/.text.old"
	ml-explode -k issue42 -f a@b.c -l <(addresses 1) "$SPOOL" < <(letter)
	[ "$(row paused)" = 'paused yes: nothing is claimed' ]
	[ "$(row staging)" = 'staging 2 in tmp/, 1 left over for ml-requeue to sweep' ]
	[ "$(row keys)" = 'keys 1 in sent/' ]
}

# --- messages without an envelope

# orphan UNIQUE: a message with nothing else, two days old
orphan()
{
	printf 'Subject: lost\r\n' >"$SPOOL/mess/$1"
	touch -d '2 days ago' "$SPOOL/mess/$1"
}

@test "a message with neither envelope nor witness is counted, and the command removes it" {
	orphan lost.example.org
	orphan lost.example.org.2
	post
	touch -d '2 days ago' "$SPOOL/mess"/*
	run -0 ml-status "$SPOOL"
	[[ $output == *$'\nmessages  3, 2 of them (30 B) are with neither envelope nor witness; to remove:\ncd '* ]]
	command=$(grep '^cd ' <<<"$output")
	run -0 sh -c "$command"
	[ "$(ls "$SPOOL/mess")" = "$UNIQUE" ]
	[ "$(row messages)" = 'messages 1' ]
}

@test "the command is right for a spool with an odd path" {
	mkspool "$BATS_TEST_TMPDIR/it's \$HOME"
	orphan lost
	run -0 sh -c "$(ml-status "$SPOOL" | grep '^cd ')"
	[ -z "$(ls "$SPOOL/mess")" ]
}

@test "many are removed with several lines" {
	awk -v dir="$SPOOL/mess" 'BEGIN {
		for (i = 1; i <= 120; i++) { f = dir "/lost." i; printf "x" >f; close(f) }
	}'
	touch -d '2 days ago' "$SPOOL/mess"/*
	run -0 ml-status "$SPOOL"
	[ "$(grep -c '^cd ' <<<"$output")" -eq 3 ]
	run -0 sh -c "$(grep '^cd ' <<<"$output")"
	[ -z "$(ls "$SPOOL/mess")" ]
}

@test "so they are when the spool was named from where one stands" {
	awk -v dir="$SPOOL/mess" 'BEGIN {
		for (i = 1; i <= 120; i++) { f = dir "/lost." i; printf "x" >f; close(f) }
	}'
	touch -d '2 days ago' "$SPOOL/mess"/*
	cd "$SPOOL/.."
	run -0 sh -c "$(ml-status "${SPOOL##*/}" | grep '^cd ')"
	[ -z "$(ls "$SPOOL/mess")" ]
}

@test "one that is less than 36 hours old may be in the making and is not counted" {
	orphan lost
	touch -d '35 hours ago' "$SPOOL/mess/lost"
	[ "$(row messages)" = 'messages 1' ]
}

@test "an envelope anywhere keeps its message from being called an orphan" {
	name=0000000000000001.u
	for place in new new/0000000000000001.b cur defer fail 'done' hold hold/0000000000000001.b \
		hold/by/hand tmp tmp/0000000000000001.b; do
		mkdir -p "$SPOOL/$place"
		n=$((n + 1))
		file=$SPOOL/$place/$name$n
		[ "$place" != cur ] || file=$file:runner
		printf 'ml1\nborn 1\nfrom \n\nT000 a@b.c\n' >"$file"
		orphan "u$n"
	done
	printf 'ml1\n' >"$SPOOL/tmp/.sweep.0123456789abcdef.0000000000000001.swept"
	orphan swept
	mkdir "$SPOOL/tmp/.sweep.0123456789abcdef.0000000000000001.b"
	touch "$SPOOL/tmp/.sweep.0123456789abcdef.0000000000000001.b/0000000000000001.b.1"
	orphan b.1
	printf 'ml1\n' >"$SPOOL/hold/0000000000000001.aside.bad"
	orphan aside
	[ "$(row messages)" = 'messages 14' ]
}

@test "a directory that can't be read leaves the question open" {
	orphan lost
	mkdir "$SPOOL/hold/0000000000000001.b"
	chmod 0 "$SPOOL/hold/0000000000000001.b"
	chmod a+rx "$SPOOL" "$SPOOL"/*/
	chmod 0 "$SPOOL/hold/0000000000000001.b"
	run -0 --separate-stderr as_nobody ml-status spool
	chmod 700 "$SPOOL/hold/0000000000000001.b"
	[[ $output == *'messages  1; not every directory can be read, so some may be orphans'* ]]
	[[ $output != *'cd '* ]]
}

# --- a hostile spool

@test "what can't be an envelope is strange, and the rest is shown" {
	post
	touch "$SPOOL/new/README" "$SPOOL/new/0000000000000001.empty"
	ln -s /etc/passwd "$SPOOL/new/0000000000000001.link"
	mkfifo "$SPOOL/new/0000000000000001.fifo"
	truncate -s 1G "$SPOOL/new/0000000000000001.large"
	head -c 100000 /dev/zero >"$SPOOL/new/0000000000000001.zeros"
	printf 'ml1\nborn 1\nfrom a@b.c\nrcpts 2\n\nT000 a@b.c\n' >"$SPOOL/new/0000000000000001.torn"
	printf 'ml2\nborn 1\nfrom a@b.c\n\nT000 a@b.c\n' >"$SPOOL/new/0000000000000001.ml2"
	mkdir -p "$SPOOL/new/0000000000000001.b/0000000000000001.inner" "$SPOOL/done/0000000000000001.dir"
	ln -s / "$SPOOL/hold/0000000000000001.root"
	mkfifo "$SPOOL/run/fifo" "$SPOOL/mess/fifo" "$SPOOL/sent/fifo"
	run -0 --separate-stderr ml-status "$SPOOL"
	[ "$stderr" = '' ]
	[[ $(row new) =~ ^'new 6 1 1 - - '.*' 9 strange'$ ]]
	[[ $(row 'done') = 'done - - - - - - 1 strange' ]]
	[[ $(row hold) = 'hold - - - - - - 1 strange' ]]
	[[ $(row messages) = 'messages 1, 1 strange' ]]
	[[ $(row keys) = 'keys 0 in sent/, 1 strange' ]]
	run -0 --separate-stderr ml-status -l "$SPOOL"
	[ "$stderr" = '' ]
	[ "$(grep -c 'strange: ' <<<"$output")" -eq 11 ]
	[ "$(awk -F '\t' '{ print NF }' <<<"$output" | sort -u)" = 9 ]
}

@test "nothing from the spool gets to the terminal raw" {
	printf 'ml1\nborn 1\nfrom a\e[31m@b.c\n\nT000 x\e]0;y\a@b.c\n' >"$SPOOL/new/0000000000000001.evil"
	printf 'ml1\nborn 1\nfrom a\xc2\x9b31m@b.c\n\nT000 x\xff\xc2\x9b@b.c\n' >"$SPOOL/new/0000000000000001.bad"
	printf 'ml1\nborn 1\nfrom \n\nD250 a@b.c\n! 1 250 \e[2J\n' >"$SPOOL/done/0000000000000001.evil"
	touch "$SPOOL/new/"$'0000000000000001.x\e[31m\tname\n'
	peer 1700000000000000.a.1.aaaaaaaa 1 $'451 \e[31m red'
	sed -i -e $'s/^host .*/host \e[31m/' -e $'s/^role .*/role \e[1m/' -e $'s/^state .*/state \e[1m/' \
		"$SPOOL/run/1700000000000000.a.1.aaaaaaaa"
	for flag in -- -l -m; do
		run -0 ml-status "$flag" "$SPOOL"
		[ -z "$(tr -d '\n\t -~' <<<"$output")" ]
	done
	run -0 ml-status -l "$SPOOL"
	[ "$(wc -l <<<"$output")" -eq 4 ]
	[[ $output == *'a\xc2\x9b31m@b.c'*'x\xff\xc2\x9b@b.c'* ]]
}

@test "UTF-8 is left as it is" {
	printf 'ml1\nborn 1\nfrom \n\nT000 jürgen@bücher.example\n' >"$SPOOL/new/0000000000000001.u"
	run -0 ml-status -l "$SPOOL"
	[[ $output == *$'\tjürgen@bücher.example\t'* ]]
}

@test "of a very large directory names are counted and a part is read, and that is said" {
	awk -v dir="$SPOOL/done" 'BEGIN {
		for (i = 1; i <= 5100; i++) {
			f = sprintf("%s/%016d.u%d", dir, i, i)
			printf "ml1\nborn 1\nfrom \n\nD250 a@b.c\n" >f
			close(f)
		}
	}'
	[[ $(row 'done') =~ ^'done 5100 - 0+ 5000+ 0+ ' ]]
	run -0 ml-status "$SPOOL"
	[[ $output == *$'\n+ at least: of so many envelopes only the first 5000 were read\n'* ]]
	[ "$(metric envelopes 'dir="done"')" -eq 5100 ]
	[ "$(metric envelopes_read 'dir="done"')" -eq 5000 ]
	[ "$(ml-status -l "$SPOOL" | wc -l)" -eq 5100 ]
}

# --- it only reads

@test "nothing in the spool is changed by any of its flags" {
	explode 4
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:1700000000000000.a.1.aaaaaaaa"
	peer 1700000000000000.a.1.aaaaaaaa "$(gone)" ''
	mkdir "$SPOOL/new/0000000000000001.empty"
	orphan lost
	before=$(everything)
	for flag in -- -l -m; do
		run -0 --separate-stderr ml-status "$flag" "$SPOOL"
		[ "$stderr" = '' ]
	done
	[ "$(everything)" = "$before" ]
}

@test "no permission to write is needed, not for claims either" {
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:nobody"
	chmod a+rx "$SPOOL" "$SPOOL"/*/
	chmod a+r "$SPOOL"/cur/*
	run -0 --separate-stderr as_nobody ml-status spool
	[ "$stderr" = '' ]
	[[ $(grep '^cur ' <<<"$output") != *strange* ]]
	run -0 --separate-stderr as_nobody ml-status -l spool
	[[ $output == cur$'\t'* ]]
	[[ $output != *strange* ]]
}

@test "a spool that one may not read is exit 77" {
	run -77 --separate-stderr as_nobody ml-status spool
	assert_stderr 'ml-status: spool: Permission denied'
}

# --- -l

@test "-l has nine fields: directory, NAME, age, three counts, sender, news, path" {
	post 3
	sed -i -e '0,/^T000/s//D250/' -e "s/^born .*/born $(($(date +%s) - 100))/" "$SPOOL/new/$NAME"
	run -0 --separate-stderr ml-status -l "$SPOOL"
	[[ $(tr '\t' ' ' <<<"$output") =~ ^"new $NAME "10[0-9]" 2 1 0 news@example.org user2@example.com new/$NAME"$ ]]
	mv "$SPOOL/new/$NAME" "$SPOOL/cur/$NAME:somebody"
	run -0 ml-status -l "$SPOOL"
	[[ $output == cur$'\t'"$NAME"$'\t'*$'\t'"cur/$NAME:somebody" ]]
}

@test "-l shows the last note where nobody is to do, and - without one" {
	post 2
	sed -i 's/^T000/F550/' "$SPOOL/new/$NAME"
	printf '! 1 550 no such user\n! 2 550 gone\n' >>"$SPOOL/new/$NAME"
	run -0 ml-status -l "$SPOOL"
	[ "$(cut -f 4-8 <<<"$output")" = $'0\t0\t2\tnews@example.org\t550 gone' ]
	sed -i -e '/^!/d' -e 's/^from .*/from /' "$SPOOL/new/$NAME"
	run -0 ml-status -l "$SPOOL"
	[ "$(cut -f 7-8 <<<"$output")" = $'<>\t-' ]
}

@test "-l gives the path of a broadcast's envelopes" {
	explode 4
	run -0 ml-status -l "$SPOOL"
	[ "$(cut -f 9 <<<"$output" | sort)" = "$(cd "$SPOOL" && find new -type f | sort)" ]
	[ "$(cut -f 1 <<<"$output" | sort -u)" = new ]
}

# --- -m

@test "-m is well-formed: each metric with its HELP and TYPE once, before its samples" {
	explode 4
	peer 1700000000000000.a.1.aaaaaaaa 1 ''
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/defer/"
	run -0 --separate-stderr ml-status -m "$SPOOL"
	[ "$stderr" = '' ]
	awk '
	/^# HELP ml_spool_[a-z_]+ [A-Z].*\.$/ { help = $3; if (seen[help]++) exit bad = 1; next }
	/^# TYPE ml_spool_[a-z_]+ (gauge|counter)$/ { if ($3 != help) exit bad = 1; next }
	/^ml_spool_[a-z_]+\{([a-z_]+="[^"\\]*",)*spool="[^"\\]*"\} [0-9]+$/ {
		name = $1
		sub(/\{.*/, "", name)
		if (name != help || sample[$1]++)
			exit bad = 1
		n++
		next
	}
	{ exit bad = 1 }
	END { if (bad) print "line " NR ": " $0; exit bad || n < 40 }' <<<"$output"
}

@test "-m tells what the picture tells" {
	explode 5
	post 3
	sed -i 's/^T000/D250/' "$SPOOL/new/$NAME"
	mv "$SPOOL/new/$NAME" "$SPOOL/done/"
	touch "$SPOOL/paused" "$SPOOL/new/README"
	peer 1700000000000000.b.2.bbbbbbbb "$(gone)" ''
	orphan lost
	[ "$(metric envelopes 'dir="new"')" -eq 3 ]
	[ "$(metric broadcasts 'dir="new"')" -eq 1 ]
	[ "$(metric recipients 'dir="new",state="todo"')" -eq 5 ]
	[ "$(metric recipients 'dir="done",state="delivered"')" -eq 3 ]
	[ "$(metric strange_files 'dir="new"')" -eq 1 ]
	[ "$(metric runners 'probe="dead"')" -eq 1 ]
	[ "$(metric runner_recipients_total 'runner="1700000000000000.b.2.bbbbbbbb",outcome="delivered"')" -eq 4711 ]
	[ "$(metric messages '')" -eq 5 ]
	[ "$(metric orphaned_messages '')" -eq 1 ]
	[ "$(metric paused '')" -eq 1 ]
	[ "$(metric room_enough '')" -le 1 ]
	[ "$(metric room_bytes '')" -gt 0 ]
}

@test "-m escapes the path in its label" {
	mkspool "$BATS_TEST_TMPDIR/a\"b\\c"
	run -0 ml-status -m "$SPOOL"
	[[ $output == *"spool=\"$BATS_TEST_TMPDIR/a\\\"b\\\\c\"}"* ]]
}

# --- -w

lines()
{
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# TOOK: 0 if three marks count as more than two a second, as they do unless a tick comes late
three_in_a_tick()
{
	sed -i 's/^D250/T000/' "$SPOOL/new/$NAME"
	start ml-status -w "$SPOOL"
	wait_for lines "$PID_OUT" 1
	sed -i 's/^T000/D250/' "$SPOOL/new/$NAME"
	wait_for lines "$PID_OUT" 3
	wait_for grep -q ' todo=0 delivered=3 ' "$PID_OUT"
	stop "$PID"
	[ "$status" -eq 0 ]
	[ "$(cat "$PID_ERR")" = '' ]
	[[ $(head -n 1 "$PID_OUT") =~ ^time=[0-9]+' new=1 cur=0 defer=0 fail=0 done=0 hold=0 todo=3 delivered=0 failed=0 rate=0.0 runners=0 paused=no'$ ]]
	grep -qE ' todo=0 delivered=3 failed=0 rate=([1-3]\.[0-9]|0\.[1-9]) ' "$PID_OUT"
	TOOK=0
	grep -qE ' todo=0 delivered=3 failed=0 rate=[23]\.[0-9] ' "$PID_OUT" || TOOK=1
}

@test "-w prints a line each second where there is no terminal, and ends with 0 on TERM" {
	post 3
	best_of 5 0 three_in_a_tick
}

@test "-w redraws on a terminal, and ends with 0 on TERM" {
	need script
	explode 4
	start script -qefc "echo \$\$ >pid; exec ml-status -w '$SPOOL'" /dev/null
	drawn() { [ "$(grep -ac 'delivered a second' "$PID_OUT")" -ge 2 ]; }
	wait_for drawn
	run -0 cat "$PID_OUT"
	[[ $output == *$'\e[H'*"$SPOOL   0.0 delivered a second"*'[....'*$'\e[J'* ]]
	kill "$(cat pid)"
	wait "$PID"
}

@test "-w with -l gives the list anew each second" {
	post
	start ml-status -w -l "$SPOOL"
	wait_for sh -c "[ \"\$(grep -c $UNIQUE '$PID_OUT')\" -ge 2 ]"
	stop "$PID"
	[ "$status" -eq 0 ]
}

@test "-w ends with 74 when nobody reads any more" {
	run --separate-stderr bash -c 'set -o pipefail; ml-status -w "$1" | head -n 1' - "$SPOOL"
	[ "$status" -eq 74 ]
	assert_stderr 'ml-status: stdout: Broken pipe'
}

# --- the command line

@test "bad usage is exit 64" {
	run -64 --separate-stderr ml-status
	assert_stderr 'usage: ml-status [-l | -m] [-w] spool'
	run -64 ml-status a b
	run -64 ml-status -x "$SPOOL"
	run -64 ml-status -l -m "$SPOOL"
}

@test "what is no spool is exit 69" {
	mkdir none
	run -69 --separate-stderr ml-status none
	assert_stderr 'ml-status: none: not a whole spool: No such file or directory' ||
		assert_stderr 'ml-status: none/tmp: not a whole spool: No such file or directory'
	run -69 ml-status nowhere
}

@test "output that can't be written is exit 74" {
	[ -w /dev/full ] || skip 'there is no /dev/full'
	for flag in -- -l -m; do
		post
		run -74 --separate-stderr bash -c 'ml-status "$1" "$2" >/dev/full' - "$flag" "$SPOOL"
		assert_stderr 'ml-status: stdout: No space left on device'
	done
}

@test "the page's synopsis is the usage, and its examples work" {
	run -64 --separate-stderr ml-status
	assert_stderr "usage: $(synopsis ml-status)"
	post
	run_examples ml-status
	[ -s news.prom ]
}
