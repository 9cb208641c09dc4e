# SPDX-License-Identifier: ISC
# MTAs that would drive each other out as packages: unpacked below the build directory, and run with
# accounts and directories that only their own processes see.
#
#   need_apart MTA        fetches it if need be; skips the test with the reason where that can't be
#                         done, or where nothing can be run apart.  Its root is in APART
#   apart_account NAME    an account and a group of that name, in its passwd and group
#   apart_over DIR SUB…   an empty directory with these below it, which will lie over the host's DIR
#   apart CMD…            becomes CMD, with all this in place and $APART before the host's libraries

APART=
APART_DIR=

need_apart()
{
	[ "$(id -u)" -eq 0 ] || skip "$1 can only be started by root"
	need unshare setsid
	unshare -m --propagation private mount --bind /etc/passwd /etc/group 2>/dev/null ||
		skip "no mount can be had here that others don't see"
	timeout 120 "$BATS_TEST_DIRNAME/fetch-mta" "$BIN/.." "$1" 2>"$BATS_TEST_TMPDIR/fetch" ||
		skip "$(tail -n 1 "$BATS_TEST_TMPDIR/fetch")"
	APART=$(cd "$BIN/../mta/$1" && pwd)
	APART_DIR=$BATS_TEST_TMPDIR/$1
	APART_ID=64000
	searchable
	mkdir "$APART_DIR" "$APART_DIR/over"
	chmod 755 "$APART_DIR" "$APART_DIR/over"
	cp /etc/passwd /etc/group "$APART_DIR"
	: >"$APART_DIR/mounts"
}

apart_account()
{
	APART_ID=$((APART_ID + 1))
	echo "$1:x:$APART_ID:$APART_ID::/nonexistent:/usr/sbin/nologin" >>"$APART_DIR/passwd"
	echo "$1:x:$APART_ID:" >>"$APART_DIR/group"
}

apart_over()
{
	local over=$APART_DIR/over$1 sub
	mkdir -p "$over"
	for sub in "${@:2}"; do
		mkdir -p "$over/$sub"
	done
	chmod -R 755 "$APART_DIR/over"
	echo "$1" >>"$APART_DIR/mounts"
}

# The libraries as Debian places them, on any architecture.
apart_libraries()
{
	find "$APART" -name '*.so*' -printf '%h\n' | sort -u | tr '\n' ':'
}

apart()
{
	LD_LIBRARY_PATH=$(apart_libraries)
	export LD_LIBRARY_PATH
	# shellcheck disable=SC2016
	exec setsid unshare -m --propagation private sh -c '
		set -eu
		dir=$1
		shift
		mount --bind "$dir/passwd" /etc/passwd
		mount --bind "$dir/group" /etc/group
		while read -r d; do
			mount --bind "$dir/over$d" "$d"
		done <"$dir/mounts"
		exec "$@"' sh "$APART_DIR" "$@"
}
