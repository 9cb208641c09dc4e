# SPDX-License-Identifier: ISC
# Commands and clients that carry a session to the sink, made of nothing but bash.
#
#   relay         makes ./relay: stdin and stdout to the sink's port; notes its pid in ./relay.pid
#   client CMD…   runs CMD as a UCSPI client does, with the sink's port on descriptors 6 and 7
#   await PID     waits for its end; the exit code is in $status
#   piped CMD…    likewise, but 6 and 7 are two pipes

relay()
{
	cat >relay <<-EOF
	#!$BASH
	echo \$\$ >>relay.pid
	exec 3<>/dev/tcp/127.0.0.1/$PORT || exit 1
	cat <&3 &
	cat >&3
	EOF
	chmod +x relay
}

client()
{
	"$@" 6<>"/dev/tcp/127.0.0.1/$PORT" 7>&6
}

piped()
{
	mkfifo to from
	{ exec 3<>"/dev/tcp/127.0.0.1/$PORT"; cat <&3 >from & cat <to >&3; } &
	"$@" 6<from 7>to
}

# shellcheck disable=SC2034
await()
{
	status=0
	wait "$1" || status=$?
}
