# SPDX-License-Identifier: ISC
# ml-mkspool.  Not tested here: a disk that fails (strace): see long/.
load lib

setup()
{
	cd "$BATS_TEST_TMPDIR" || exit
}

WHOLE='cur
defer
done
fail
hold
mess
new
run
sent
tmp
trigger'

# modes PATH…: "2770 GROUP-ID NAME" of each
modes()
{
	stat -c '%a %g %n' "$@"
}

everything()
{
	find "$1" -exec stat -c '%n %a %u %g %i %F %Y' {} + | sort
}

@test "a new spool has its ten directories, a FIFO, and nothing for others" {
	run -0 --separate-stderr ml-mkspool s
	[ "$output$stderr" = '' ]
	run -0 ls -A s
	assert_lines "$WHOLE"
	[ -p s/trigger ]
	[ "$(stat -c %a s s/new s/mess s/trigger | tr '\n' ' ')" = '700 700 700 600 ' ]
}

@test "the umask changes nothing" {
	(umask 0; ml-mkspool open)
	(umask 077; ml-mkspool -g "$(id -g)" closed)
	[ "$(stat -c %a open open/* | sort -u | tr '\n' ' ')" = '600 700 ' ]
	[ "$(stat -c %a closed closed/* | sort -u | tr '\n' ' ')" = '2770 660 ' ]
}

@test "nor does one that takes everything from the owner, here or in a broadcast" {
	mkdir -m 777 free
	letter >message
	addresses 3 >list
	run -0 --separate-stderr as_nobody sh -c 'umask 777; ml-mkspool free/s &&
		ml-explode -f a@x.org -n 1 -l list -m message free/s && ml-mkspool free/s'
	[ -z "$stderr" ]
	[ "$(stat -c %a free/s free/s/* free/s/new/* | sort -u | tr '\n' ' ')" = '600 700 ' ]
	[ "$(find free/s/new -type f -perm 600 | wc -l)" -eq 3 ]
}

@test "-g makes a set-group-ID spool of that group, in every directory" {
	group=$(id -g)
	[ "$(id -u)" -ne 0 ] || group=54321
	run -0 --separate-stderr ml-mkspool -g "$group" s
	[ "$output$stderr" = '' ]
	[ "$(modes s s/* | awk '{ print $1, $2 }' | sort -u)" = "2770 $group
660 $group" ]
	run -0 ml-enqueue -f a@b.c s x@y.z < <(letter)
	[ "$(modes s/new/* s/mess/* | awk '{ print $1, $2 }' | sort -u)" = "660 $group" ]
}

@test "-g takes a name" {
	run -0 ml-mkspool -g "$(id -gn)" s
	[ "$(stat -c %g s/new)" = "$(id -g)" ]
}

@test "an existing spool is left as it is, with all that is in it" {
	ml-mkspool s
	ml-enqueue -f a@b.c s x@y.z < <(letter)
	touch s/paused
	before=$(everything s)
	run -0 --separate-stderr ml-mkspool s
	[ "$output$stderr" = '' ]
	[ "$(everything s)" = "$before" ]
}

@test "-g opens an existing spool to a group" {
	ml-mkspool s
	ml-mkspool -g "$(id -g)" s
	[ "$(stat -c %a s s/*/ | sort -u)" = 2770 ]
	[ "$(stat -c %a s/trigger)" = 660 ]
}

@test "a half-made spool is completed" {
	mkdir -p s/mess s/tmp
	run -0 ml-mkspool s
	run -0 ls -A s
	assert_lines "$WHOLE"
	rm -r s/sent s/trigger
	run -0 ml-mkspool s
	run -0 ls -A s
	assert_lines "$WHOLE"
}

@test "an empty directory becomes a spool, with its mode" {
	mkdir -m 750 s
	run -0 ml-mkspool s
	run -0 ls -A s
	assert_lines "$WHOLE"
	[ "$(stat -c %a s s/new s/trigger | tr '\n' ' ')" = '750 750 640 ' ]
}

@test "a directory with something else in it is refused and left as it is" {
	mkdir s
	echo precious >s/file
	before=$(everything s)
	run -73 --separate-stderr ml-mkspool s
	assert_stderr 'ml-mkspool: s: neither empty nor a spool: left as it is'
	[ "$output" = '' ]
	[ "$(everything s)" = "$before" ]
}

@test "a maildir is refused and left as it is" {
	mkdir -p s/tmp s/new s/cur
	before=$(everything s)
	run -73 --separate-stderr ml-mkspool s
	assert_stderr 'ml-mkspool: s: neither empty nor a spool: left as it is'
	[ "$(everything s)" = "$before" ]
}

@test "a directory that has mess/ and foreign files is refused" {
	mkdir -p s/mess s/src
	run -73 --separate-stderr ml-mkspool s
	assert_stderr 'ml-mkspool: s: neither empty nor a spool: left as it is'
	[ ! -e s/new ]
}

@test "a file, a dangling link and a missing parent can't become spools" {
	echo x >file
	ln -s nowhere dangling
	run -73 --separate-stderr ml-mkspool file
	assert_stderr 'ml-mkspool: file: Not a directory'
	run -73 --separate-stderr ml-mkspool dangling
	assert_stderr 'ml-mkspool: dangling: No such file or directory'
	run -73 --separate-stderr ml-mkspool no/such/parent
	assert_stderr 'ml-mkspool: no/such/parent: No such file or directory'
	[ "$(cat file)" = x ]
	[ ! -e nowhere ]
}

@test "an empty name can be seen in what is said about it" {
	run -73 --separate-stderr ml-mkspool ''
	assert_stderr "ml-mkspool: '': No such file or directory"
	run -69 --separate-stderr ml-enqueue -f a@b.c '' x@y.z < <(letter)
	assert_stderr "ml-enqueue: '': not a whole spool: No such file or directory"
	run -64 --separate-stderr ml-mkspool -g '' s
	assert_stderr "ml-mkspool: '': no such group"
}

@test "a symbolic link may stand for a spool, but not for a directory in it" {
	ml-mkspool real
	ln -s real link
	rmdir real/hold
	run -0 ml-mkspool link
	[ -d real/hold ]
	rmdir real/hold
	mkdir elsewhere
	ln -s ../elsewhere real/hold
	run -73 --separate-stderr ml-mkspool link
	[[ $stderr = 'ml-mkspool: hold: '* ]]
	[ -z "$(ls -A elsewhere)" ]
}

@test "something else in the place of the trigger is refused" {
	ml-mkspool s
	rm s/trigger
	echo x >s/trigger
	run -73 --separate-stderr ml-mkspool s
	assert_stderr 'ml-mkspool: trigger: File exists'
	[ "$(cat s/trigger)" = x ]
}

@test "no permission is exit 77" {
	mkdir -m 755 locked
	run -77 --separate-stderr as_nobody ml-mkspool locked/s
	assert_stderr 'ml-mkspool: locked/s: Permission denied'
	[ ! -e locked/s ]
}

@test "in a directory that may be written but not read a spool is made, though its name can't be synced" {
	mkdir -m 733 drop
	run -0 --separate-stderr as_nobody ml-mkspool drop/s
	[ -p drop/s/trigger ]
}

@test "a group that one is not in is exit 77" {
	mkdir -m 777 free
	run -77 --separate-stderr as_nobody ml-mkspool -g 54321 free/s
	assert_stderr 'ml-mkspool: free/s: Operation not permitted'
}

@test "bad usage and unknown groups are exit 64 and make nothing" {
	run -64 --separate-stderr ml-mkspool
	assert_stderr 'usage: ml-mkspool [-g group] spool'
	run -64 ml-mkspool a b
	run -64 ml-mkspool -x a
	run -64 ml-mkspool -g
	run -64 --separate-stderr ml-mkspool -g no-such-group a
	assert_stderr 'ml-mkspool: no-such-group: no such group'
	run -64 ml-mkspool -g '' a
	run -64 ml-mkspool -g 99999999999999999999 a
	[ ! -e a ]
}

@test "-- ends the options, and a name may look like one" {
	run -0 ml-mkspool -- -s
	[ -d ./-s/new ]
}

@test "the page's synopsis is the usage, and its examples work" {
	run -64 --separate-stderr ml-mkspool
	assert_stderr "usage: $(synopsis ml-mkspool)"
	SPOOL=$BATS_TEST_TMPDIR/spool
	run_examples ml-mkspool
}
