# SPDX-License-Identifier: ISC
# What ml-requeue removes, and above all what it does not.
# Not tested here: kills between message and witness (strace): see long/.  Each state such a kill
# leaves is made by hand below.
load lib

setup()
{
	mkspool
	cd "$BATS_TEST_TMPDIR" || exit
}

post()
{
	NAME=$(ml-enqueue -f news@example.org "$SPOOL" ann@example.com < <(letter))
	UNIQUE=${NAME#*.}
}

explode()
{
	NAME=$(ml-explode -f news@example.org -n 1 "$@" -l <(addresses 3) "$SPOOL" < <(letter))
	UNIQUE=${NAME#*.}
}

# stage AGE: NAME is in tmp/ and not in new/, last touched AGE ago
stage()
{
	mv "$SPOOL/new/$NAME" "$SPOOL/tmp/"
	touch -d "$1 ago" "$SPOOL/tmp/$NAME"
}

# finished AGE: NAME's envelope is in done/ since AGE, its text still there
finished()
{
	local order
	order=$(date -d "$1 ago" +%s)000000
	sed -i 's/^T000/D250/' "$SPOOL/new/$NAME"
	mv "$SPOOL/new/$NAME" "$SPOOL/done/$order.$UNIQUE"
	NAME=$order.$UNIQUE
}

requeue()
{
	ml-requeue "$@" "$SPOOL"
}

# everything but run/
kept()
{
	tree | grep -v '^run/' || :
}

@test "a staged envelope goes after 36 hours, with its message" {
	post
	stage '37 hours'
	run -0 --separate-stderr requeue
	[[ $stderr = 'requeued due=0 returned=0 held=0 swept='[1-9]*' purged=0 repaired=0 published=0' ]]
	[ -z "$(kept)" ]
}

@test "a staged envelope of 35 hours stays, and so does its message" {
	post
	stage '35 hours'
	run -0 --separate-stderr requeue
	[ "$stderr" = '' ]
	[ "$(kept)" = 'mess/a
tmp/a' ]
}

@test "a staged broadcast goes after 36 hours, with its messages" {
	explode
	stage '2 days'
	run -0 --separate-stderr requeue
	[[ $stderr = 'requeued due=0 returned=0 held=0 swept='[1-9]* ]]
	[ -z "$(kept)" ]
}

@test "a staged broadcast of today stays, however old its envelopes look" {
	explode
	mv "$SPOOL/new/$NAME" "$SPOOL/tmp/"
	touch -d '2 days ago' "$SPOOL/tmp/$NAME"/*
	requeue
	[ "$(kept | wc -l)" -eq 7 ]
}

@test "a staged broadcast that a key records is published, however old" {
	explode -k issue42
	stage '30 days'
	run -0 --separate-stderr requeue
	[[ $stderr = *' published=1' ]]
	[ "$(kept)" = 'mess/a.1
mess/a.2
mess/a.3
new/a/
new/a/a.1
new/a/a.2
new/a/a.3
sent/issue42' ]
}

# long_head OCTETS: lines that nobody knows, in front of what there is in each head, which get it beyond so many
long_head()
{
	local f line
	line="x-note $(printf '%01000d' 0)"
	for f in "$SPOOL/new/$NAME"/*; do
		awk -v line="$line" -v n="$(($1 / ${#line} + 1))" \
			'{ print } NR == 1 { while (n-- > 0) print line }' "$f" >long
		cat long >"$f"
	done
}

@test "a staged broadcast that a key records is published, however much its heads hold before the key" {
	explode -k issue42
	long_head 60000
	stage '30 days'
	run -0 --separate-stderr requeue
	assert_stderr 'requeued due=0 returned=0 held=0 swept=0 purged=0 repaired=0 published=1'
	[ "$(rcpts new | wc -l)" -eq 3 ]
	[ -z "$(ls -A "$SPOOL/tmp")" ]
}

@test "a staged broadcast with heads over the limit stays, since its key is not known" {
	explode -k issue42
	long_head 65536
	stage '30 days'
	before=$(kept)
	run -71 --separate-stderr requeue
	[[ $(sort -u <<<"$stderr") = "ml-requeue: tmp/$NAME/"*': Message too '* ]]
	[ "$(kept)" = "$before" ]
}

@test "a staged broadcast of which only zeros were left is swept" {
	explode
	for f in "$SPOOL/new/$NAME"/*; do head -c 100000 /dev/zero >"$f"; done
	stage '2 days'
	run -0 --separate-stderr requeue
	[ -z "$(kept)" ]
}

@test "of two keys in a staged envelope the last counts" {
	explode -k issue42
	sed -i 's/^key /key other\n&/' "$SPOOL/new/$NAME"/*
	stage '30 days'
	run -0 --separate-stderr requeue
	[[ $stderr = *' published=1' ]]
	[ -d "$SPOOL/new/$NAME" ]
}

@test "a staged broadcast that lost its key to another is swept" {
	explode -k issue42
	sed -i 's/^broadcast .*/broadcast 1700000000000000.another/' "$SPOOL/sent/issue42"
	stage '2 days'
	requeue
	[ "$(kept)" = 'sent/issue42' ]
}

@test "a staged broadcast whose record can't be read stays" {
	explode -k issue42
	: >"$SPOOL/sent/issue42"
	stage '2 days'
	run -0 --separate-stderr requeue
	assert_stderr 'ml-requeue: sent/issue42: left where it is: not a record of a key'
	[ "$(kept | wc -l)" -eq 8 ]
}

@test "old dot-files and files with a suffix go, young ones stay" {
	touch "$SPOOL/tmp/.text.young" "$SPOOL/tmp/young.part"
	touch -d '2 days ago' "$SPOOL/tmp/.text.old" "$SPOOL/tmp/old.part" "$SPOOL/tmp/.key.old"
	requeue
	[ "$(ls -A "$SPOOL/tmp")" = '.text.young
young.part' ]
}

@test "an old symbolic link or FIFO in tmp/ goes, and what it points to stays" {
	mkdir precious
	touch -d '2 days ago' precious/file
	ln -s "$PWD/precious" "$SPOOL/tmp/0000000000000001.link"
	mkfifo "$SPOOL/tmp/0000000000000001.fifo"
	touch -h -d '2 days ago' "$SPOOL/tmp/0000000000000001.link" "$SPOOL/tmp/0000000000000001.fifo"
	touch -d '2 days ago' precious
	requeue
	[ -z "$(ls -A "$SPOOL/tmp")" ]
	[ -e precious/file ]
}

@test "an old directory that is no broadcast stays" {
	mkdir "$SPOOL/tmp/backup"
	touch "$SPOOL/tmp/backup/file"
	touch -d '2 days ago' "$SPOOL/tmp/backup"
	requeue
	[ -e "$SPOOL/tmp/backup/file" ]
}

@test "so does one with a dot, of which nobody speaks" {
	mkdir "$SPOOL/tmp/.backup"
	touch "$SPOOL/tmp/.backup/file"
	touch -d '2 days ago' "$SPOOL/tmp/.backup"
	run -0 --separate-stderr ml-requeue "$SPOOL"
	assert_stderr ''
	[ -e "$SPOOL/tmp/.backup/file" ]
}

@test "a .sweep. envelope that another round left is finished at once, with its message" {
	post
	mv "$SPOOL/new/$NAME" "$SPOOL/tmp/.sweep.0123456789abcdef.$NAME"
	requeue
	[ -z "$(kept)" ]
}

@test "so is one whose message has already gone" {
	post
	rm "$SPOOL/mess/$UNIQUE"
	mv "$SPOOL/new/$NAME" "$SPOOL/tmp/.sweep.0123456789abcdef.$NAME"
	run -0 --separate-stderr requeue
	[ -z "$(kept)" ]
}

@test "a .sweep. broadcast that another round left in part is finished at once" {
	explode
	rm "$SPOOL/new/$NAME"/*.1 "$SPOOL/mess/$UNIQUE.1" "$SPOOL/mess/$UNIQUE.2"
	mv "$SPOOL/new/$NAME" "$SPOOL/tmp/.sweep.0123456789abcdef.$NAME"
	requeue
	[ -z "$(kept)" ]
}

@test "a staged envelope with two links is no witness: its message stays" {
	post
	ln "$SPOOL/new/$NAME" "$SPOOL/tmp/$NAME"
	touch -d '2 days ago' "$SPOOL/tmp/$NAME"
	requeue
	[ "$(kept)" = 'mess/a
new/a' ]
}

@test "the same within a broadcast" {
	explode
	mv "$SPOOL/new/$NAME" "$SPOOL/tmp/"
	first=$(find "$SPOOL/tmp" -name '*.1')
	ln "$first" "$SPOOL/new/${first##*/}"
	touch -d '2 days ago' "$SPOOL/tmp/$NAME"
	requeue
	[ "$(kept)" = 'mess/a.1
new/a.1' ]
}

@test "a message without any envelope is never removed" {
	post
	rm "$SPOOL/new/$NAME"
	touch -d '1 year ago' "$SPOOL/mess/$UNIQUE"
	requeue -k 0 -g 0
	[ "$(kept)" = 'mess/a' ]
}

@test "done/ keeps an envelope for seven days" {
	post
	finished '8 days'
	old=$UNIQUE
	post
	finished '6 days'
	run -0 --separate-stderr requeue
	[[ $stderr = 'requeued due=0 returned=0 held=0 swept='?' purged=1 repaired=0 published=0' ]]
	[ "$(envelopes)" = "$SPOOL/done/$NAME" ]
	[ -e "$SPOOL/mess/$UNIQUE" ]
	[ ! -e "$SPOOL/mess/$old" ]
}

@test "-k says for how many days" {
	post
	finished '3 days'
	requeue -k 4
	[ -f "$SPOOL/done/$NAME" ]
	requeue -k 2
	[ -z "$(kept)" ]
}

@test "-k 0 keeps until the next round" {
	post
	finished '0 seconds'
	run -0 --separate-stderr requeue -k 0
	[[ $stderr = *' purged=1 '* ]]
	[ -z "$(kept)" ]
}

@test "a finished envelope from the future stays" {
	post
	finished '-2 days'
	requeue -k 0
	[ -f "$SPOOL/done/$NAME" ]
}

@test "a finished envelope with two names loses only the one in done/" {
	post
	sed -i 's/^T000/D250/' "$SPOOL/new/$NAME"
	ln "$SPOOL/new/$NAME" "$SPOOL/done/0000000000000001.$UNIQUE"
	requeue
	[ "$(kept)" = 'mess/a
new/a' ]
}

@test "fail/, hold/, new/, cur/ and sent/ are not swept, however old" {
	for d in fail hold new cur; do
		post
		file=$d/0000000000000001.$UNIQUE
		[ "$d" != cur ] || file=$file:unknown
		mv "$SPOOL/new/$NAME" "$SPOOL/$file"
		touch -d '1 year ago' "$SPOOL/$file" "$SPOOL/mess/$UNIQUE"
	done
	echo x >"$SPOOL/sent/key"
	touch -d '1 year ago' "$SPOOL/sent/key"
	before=$(kept)
	run -0 --separate-stderr requeue -k 0
	[ "$stderr" = '' ]
	[ "$(kept)" = "$before" ]
	[ "$(wc -l <<<"$before")" -eq 9 ]
}

@test "what does not belong into done/ stays and is reported" {
	mkdir "$SPOOL/done/0000000000000001.dir"
	ln -s /etc/passwd "$SPOOL/done/0000000000000001.link"
	run -0 --separate-stderr requeue -k 0
	[ "$(sort <<<"$stderr")" = 'ml-requeue: done/0000000000000001.dir: left where it is: not an envelope
ml-requeue: done/0000000000000001.link: left where it is: not an envelope' ]
	[ "$(find "$SPOOL/done" -mindepth 1 | wc -l)" -eq 2 ]
}

@test "notes of observers that are gone go after 36 hours" {
	touch -d '2 days ago' "$SPOOL/run/.seen.other"
	touch "$SPOOL/run/.seen.living"
	requeue
	[ ! -e "$SPOOL/run/.seen.other" ]
	[ -e "$SPOOL/run/.seen.living" ]
}

@test "two at once sweep together and do no harm" {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		explode
		stage '2 days'
	done
	explode
	start ml-requeue "$SPOOL"
	one=$PID one_err=$PID_ERR
	start ml-requeue "$SPOOL"
	wait "$one"
	wait "$PID"
	[ -z "$(grep -hv '^requeued' "$one_err" "$PID_ERR")" ]
	requeue
	[ "$(kept | wc -l)" -eq 7 ]
	[ "$(rcpts new | wc -l)" -eq 3 ]
}
