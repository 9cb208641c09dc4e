#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A consumer written from spool-layout.md alone, with GNU core utilities.
#
#	consumer.sh SPOOL COMMAND [ARG...]
#
# Runs COMMAND once for each recipient, the message on stdin with LF line ends,
# SENDER, RECIPIENT and NAME in the environment, until nothing is left in new/.
# Exit 0 is delivered; 65, 67, 68, 76 and 100 failed; the rest is tried later.
# A crash leaves a claim, which ml-requeue returns, and a recipient in flight.

set -u
LC_ALL=C
export LC_ALL
[ $# -ge 2 ] || { echo "usage: consumer.sh SPOOL COMMAND [ARG...]" >&2; exit 64; }
cd "$1" || exit 66
shift
work=$(mktemp -d) || exit 73
is_name='^[0-9]{16}\.[A-Za-z0-9_=+@-][A-Za-z0-9_=+@.-]{0,79}$'

# ---- the heartbeat: a name that is gone must not come back ----

rand=$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
host=$(uname -n | tr -c 'A-Za-z0-9_=+@.\n-' _ | cut -c 1-40)
me=$(date +%s%6N).$host.$$.$rand
(set -C; : >"run/$me") || exit 73
touch "$work/beat"

fresh() { [ $(($(date +%s) - $(stat -c %Y "$work/beat"))) -le 60 ] && [ -e "run/$me" ]; }

(
	while sleep 20 && kill -0 $$ && fresh; do
		touch -c "run/$me" && [ -e "run/$me" ] && touch "$work/beat"
	done
) </dev/null >/dev/null 2>&1 3>&- 4>&- &
beater=$!

leave() {
	kill $beater
	for c in cur/*:"$me"; do
		[ ! -e "$c" ] || { n=${c#cur/}; mv "$c" "new/${n%%:*}"; }
	done
	rm -rf "run/$me" "$work"
	exit "$1"
}
trap 'leave 0' TERM INT

# ---- the envelope ----

# Prints `key value` of the head, then `rcpt STATE CODE OFFSET INDEX ADDRESS`; fails if it is torn.
# A line more at the end shows whether the last one has its LF.
parse() {
	{ cat "$1"; echo '#'; } | awk '
	# what decides what is sent must be what its row in the document allows
	function allowed(key, value) {
		if (key == "born" || key == "rcpts") return value ~ /^[0-9]+$/ && value + 0 < 18446744073709551615
		if (key == "from") return value !~ /[[:cntrl:]<>]/
		if (key == "verp") return length(value) == 2
		if (key == "body") return value ~ /^[78]$/
		if (key == "slot") return value ~ /^[0-9]+ [0-9]+ [^ ]+ [^ ]/
		return 1
	}
	function line(s) {
		if (part == "") {
			if (s != "ml1") { bad = 1; return }
			part = "head"
		} else if (part == "head") {
			if (s == "") { part = "rcpts"; return }
			if (!(at_space = index(s, " "))) return
			key = substr(s, 1, at_space - 1)
			head[key] = substr(s, at_space + 1)
			if (!allowed(key, head[key])) bad = 1
		} else if (part == "rcpts") {
			if ("rcpts" in head ? n + 0 == head["rcpts"] + 0 : s ~ /^!/) {
				part = "notes"
				return
			}
			address = substr(s, 6)
			sub(/\t.*/, "", address)
			if (s !~ /^[TDF][0-9][0-9][0-9] [^[:cntrl:]<>]+(\t([^[:cntrl:] =]+=[^[:cntrl:]]*)?)*$/ ||
			    length(address) > 320 || length(s) > 5 + 8192) {
				bad = 1
				return
			}
			print "rcpt", substr(s, 1, 1), substr(s, 2, 3), at, ++n, address
		}
	}
	NR > 1 { line(last); at += length(last) + 1 }
	{ last = $0 }
	END {
		if (part == "rcpts" && !("rcpts" in head) && last != "#" && last !~ /^!/) bad = 1
		if (bad || part == "head" || part == "") exit 1
		if (!("from" in head) || !("born" in head)) exit 1
		if ("rcpts" in head && head["rcpts"] + 0 > n + 0) exit 1
		for (key in head) print key, head[key]
	}'
}

head_of() { sed -n "s/^$1 //p" "$work/parsed" | sed 1q; }

# mark OFFSET MARK: descriptor 3 is the envelope, whatever its name is by now
mark() {
	case $2 in
	D*) ;;
	*) [ "$(dd if=/dev/fd/3 bs=1 count=1 iflag=skip_bytes skip="$1" 2>/dev/null)" = T ] || return 0 ;;
	esac
	printf %s "$2" |
	    dd of=/dev/fd/3 bs=4 oflag=seek_bytes seek="$1" conv=notrunc,nocreat,fdatasync 2>/dev/null
}

# note TEXT
note() {
	fresh_line=
	[ -z "$(tail -c 1 /dev/fd/3)" ] || fresh_line='
'
	printf '%s! %s\n' "$fresh_line" "$1" >>/dev/fd/3 && sync /dev/fd/3
}

# return_path SENDER VERP RECIPIENT
return_path() {
	if [ -z "$2" ] || [ -z "$1" ]; then
		printf %s "$1"
		return
	fi
	p=${1%@*}${2%?}${3%@*}${2#?}${3##*@}@${1##*@}
	case $p in
	*[\"\ ]*) p=$1 ;;
	esac
	case $2 in
	*[!0-9A-Za-z!\#\$%\&\'*+/=?^_\`\{\|\}~-]*) p=$1 ;;
	esac
	[ ${#p} -le 256 ] || p=$1
	printf %s "$p"
}

# ---- one claim ----

# deliver NAME COMMAND...: descriptor 3 is its file
deliver() {
	name=$1 unique=${1#*.} claim=cur/$1:$me
	shift
	parse "$claim" >"$work/parsed" || { mv "$claim" "hold/$name"; return; }
	from=$(head_of from) verp=$(head_of verp) born=$(head_of born)
	grep '^rcpt T' "$work/parsed" | sort -s -k 3,3 >"$work/todo"
	if [ -s "$work/todo" ] && { [ ! -f "mess/$unique" ] || grep -q '^slot ' "$work/parsed"; }; then
		mv "$claim" "hold/$name"
		return
	fi
	while read -r _ _ _ at index rcpt; do
		fresh || leave 75
		code=0
		tr -d '\r' <"mess/$unique" | SENDER=$(return_path "$from" "$verp" "$rcpt") \
		    RECIPIENT=$rcpt NAME=$unique "$@" 3>&- || code=$?
		case $code in
		0) mark "$at" D250 ;;
		65 | 67 | 68 | 76 | 100) mark "$at" F550 && note "$index 550 exit code $code" ;;
		*) mark "$at" T451 ;;
		esac || leave 74
	done <"$work/todo"
	settle
}

# settle: by what the marks say now
settle() {
	parse "$claim" >"$work/parsed" || return
	now=$(date +%s)
	if grep -q '^rcpt T' "$work/parsed"; then
		note '0 451 tried, not delivered' || leave 74
		age=$((now > born ? now - born : 0))
		due=$(awk "BEGIN { printf \"%d\", $born + (sqrt($age) + 20) ^ 2 + $$ % 10 }")
		mv "$claim" "defer/${due}000000.$unique"
	elif grep -q '^rcpt F' "$work/parsed"; then
		mv "$claim" "fail/${now}000000.$unique"
	else
		mv "$claim" "done/${now}000000.$unique" && rm -f "mess/$unique"
	fi
}

# one_name SOURCE: true if this claim is the only one of its inode's UNIQUE
one_name() {
	claim=cur/$name:$me
	[ "$(stat -c %h "$claim")" -gt 1 ] || return 0
	[ "$(stat -c %d.%i "$1" 2>/dev/null)" != "$(stat -c %d.%i "$claim")" ] || rm -f "$1"
	for c in cur/*."${name#*.}":*; do
		if [ "$c" != "$claim" ] && [ -e "$c" ]; then
			mv "$claim" "defer/$(($(date +%s) + 600))000000.${name#*.}"
			return 1
		fi
	done
}

# take PATH COMMAND...: claims it and works on it
take() {
	path=$1 name=${1##*/}
	shift
	[ ! -e paused ] || leave 0
	fresh || leave 75
	if [ ! -f "$path" ] || [ -L "$path" ]; then
		return
	fi
	mv -T "$path" "cur/$name:$me" 2>/dev/null || return
	one_name "$path" || return
	deliver "$name" "$@" 3<"cur/$name:$me"
	took=1
}

ready() {
	find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | grep -E "$is_name" | sort
}

took=1
while [ $took = 1 ]; do
	took=0
	for e in $(ready new); do
		if [ ! -d "new/$e" ] || [ -L "new/$e" ]; then
			take "new/$e" "$@"
			continue
		fi
		for n in $(ready "new/$e"); do
			take "new/$e/$n" "$@"
		done
		rmdir "new/$e" 2>/dev/null
	done
done
leave 0
