#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A producer written from spool-layout.md alone, with GNU core utilities.
#
#	producer.sh [-b] [-n N] SPOOL SENDER RCPT... <message
#
# One envelope, or with -b a broadcast with N recipients an envelope.  A crash
# leaves only staging in tmp/, which ml-requeue sweeps.

set -eu
LC_ALL=C
export LC_ALL
big='' per=2
while getopts bn: o; do
	case $o in
	b) big=1 ;;
	n) per=$OPTARG ;;
	*) exit 64 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -ge 3 ] || { echo "usage: producer.sh [-b] [-n N] SPOOL SENDER RCPT..." >&2; exit 64; }
cd "$1"
from=$2
shift 2

case $(stat -Lc %A .) in		# files get the group bits of SPOOL
????rw*) umask 007 ;;
????r*) umask 027 ;;
*) umask 077 ;;
esac

rand=$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
host=$(uname -n | tr -c 'A-Za-z0-9_=+@.\n-' _ | cut -c 1-40)
unique=T$(printf %08x "$(date +%s)")P$$Q0R$rand.$host
born=$(date +%s%6N)
text=tmp/.text.$unique
name=$born.$unique

# begin COUNT [BROADCAST]: an envelope without its recipients
begin() {
	printf 'ml1\nborn %s\nfrom %s\n' "${born%??????}" "$from"
	[ -z "${2-}" ] || printf 'broadcast %s\n' "$2"
	printf 'rcpts %s\n\n' "$1"
}

cat >"$text"
drop() { rm -rf "$text" "$text.crlf" "tmp/$name"; rm -f "mess/$unique" mess/"$unique".*; }
trap drop EXIT
if [ "$(tr -cd '\0' <"$text" | wc -c)" -ne 0 ]; then
	echo 'producer.sh: a NUL in the message' >&2
	exit 65
fi
awk '
	function put(line) {
		if (length(line) > 998) exit 65
		printf "%s\r\n", line
	}
	{
		sub(/\r$/, "")
		n = split($0, part, "\r")
		if (n == 0) put("")
		for (i = 1; i <= n; i++) put(part[i])
	}
	END { if (NR == 0) printf "\r\n" }
' <"$text" >"$text.crlf" || { echo 'producer.sh: a line is too long' >&2; exit 65; }
mv "$text.crlf" "$text"
sync "$text"

if [ -z "$big" ]; then
	{ begin $#; printf 'T000 %s\n' "$@"; } >"tmp/$name"
	sync "tmp/$name"
	ln "$text" "mess/$unique"
	sync mess
else
	mkdir "tmp/$name"
	k=0 before=0 files=''
	while [ $# -gt 0 ]; do
		k=$((k + 1)) i=0 list=''
		while [ $# -gt 0 ] && [ "$i" -lt "$per" ]; do
			list="${list}T000 $1
"
			i=$((i + 1))
			shift
		done
		f=tmp/$name/$((born + before * 100000)).$unique.$k
		{ begin "$i" "$name"; printf %s "$list"; } >"$f"
		ln "$text" "mess/$unique.$k"
		files="$files $f"
		before=$((before + i))
	done
	# shellcheck disable=SC2086	# names have no blanks
	sync $files "tmp/$name" mess
fi
mv -T "tmp/$name" "new/$name"
trap - EXIT
sync new
rm -f "$text"
dd if=/dev/zero of=trigger bs=1 count=1 oflag=nonblock conv=nocreat,notrunc 2>/dev/null || :
echo "$name"
