# SPDX-License-Identifier: ISC
# What the tests of the order of service share, in their short and their long sizes.
#
#   posts_go_first N EACH   a broadcast to N, EACH recipients an envelope; while one runner drains it
#                           five posts come, one after the other
#   lists_share N EACH      two broadcasts to N; the second comes when a tenth of the first is out
# shellcheck shell=bash disable=SC2154

# begun LINE PLACE EACH: envelopes of the broadcast of which the first recipient stands in the log
# behind line LINE, and before line PLACE
begun()
{
	accepted | head -n "$(($2 - 1))" | awk -v line="$1" -v each="$3" '/^user/ {
		k = int((substr($0, 5) - 1) / each)
		if (!(k in seen)) {
			seen[k]
			n += NR > line
		}
	}
	END { print n + 0 }'
}

posts_go_first()
{
	local i line place n
	explode "$1" -n "$2"
	start_runner -q
	wait_for has_delivered "$2"
	for i in 1 2 3 4 5; do
		post "post$i@example.net"
		line=$(delivered)
		wait_for eval 'accepted | grep -q "^post'"$i"'@"'
		place=$(accepted | grep -n "^post$i@" | cut -d : -f 1)
		n=$(begun "$line" "$place" "$2")
		echo "post $i: $n envelopes begun before it"
		# one was claimed ahead before the post came, perhaps; two more may be
		[ "$n" -le 3 ] || return
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
	# however slow the machine is at it, the second is there when the first has a tenth
	kill -s STOP "$PID"
	ml-explode -f other@example.org -n "$2" -l <(addresses "$1" | sed s/user/other/) -m <(letter) "$SPOOL" >/dev/null
	kill -s CONT "$PID"
	half=$(($1 / 2))
	wait_for -t 120 eval '[ "$(accepted | grep -c ^other)" -ge '"$half"' ]'
	first=$(accepted | awk -v half="$half" '/^other/ && ++n == half { print m; exit } /^user/ { m++ }')
	echo "the first has $first of $1 when the second has $half"
	[ $((first * 100)) -ge $(($1 * 40)) ]
	[ $((first * 100)) -le $(($1 * 75)) ]
	stop "$PID"
}
