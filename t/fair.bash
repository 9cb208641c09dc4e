# SPDX-License-Identifier: ISC
# What the tests of the order of service share, in their short and their long sizes.
#
#   posts_go_first N EACH   a broadcast to N, EACH recipients an envelope; while one runner drains it
#                           five posts come, one after the other
#   lists_share N EACH      two broadcasts to N; the second comes when a tenth of the first is out
# shellcheck shell=bash disable=SC2154

# Recipients of the broadcast that were accepted in sessions after line N of the log.
posts_go_first()
{
	local i line place
	explode "$1" -n "$2"
	start_runner -q
	wait_for has_delivered "$2"
	for i in 1 2 3 4 5; do
		post "post$i@example.net"
		# what is claimed from here on counts; two may be under way: one in hand, one claimed ahead
		line=$(delivered)
		wait_for eval 'accepted | grep -q "^post'"$i"'@"'
		place=$(accepted | grep -n "^post$i@" | cut -d : -f 1)
		echo "post $i: $(((place - line - 1) / $2)) envelopes before it"
		[ $((place - line - 1)) -lt $((3 * $2)) ] || return
	done
	stop "$PID"
	[ "$(twice)" = "" ]
}

lists_share()
{
	local half first
	explode "$1" -n "$2"
	start_runner -q
	wait_for -t 60 has_delivered $(($1 / 10))
	ml-explode -f other@example.org -n "$2" -l <(addresses "$1" | sed s/user/other/) -m <(letter) "$SPOOL" >/dev/null
	half=$(($1 / 2))
	wait_for -t 120 eval '[ "$(accepted | grep -c ^other)" -ge '"$half"' ]'
	first=$(accepted | awk -v half="$half" '/^other/ && ++n == half { print m; exit } /^user/ { m++ }')
	echo "the first has $first of $1 when the second has $half"
	[ $((first * 100)) -ge $(($1 * 40)) ]
	[ $((first * 100)) -le $(($1 * 75)) ]
	stop "$PID"
}
