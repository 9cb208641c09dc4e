# SPDX-License-Identifier: ISC
# sweep SCENE ACTION… [rotate ACTION…]: t/sweep/run, and how many points there were.
sweep()
{
	local run
	run=$(cd "$BATS_TEST_DIRNAME/../sweep" && pwd)/run
	status=0
	"$run" "$BIN" "$@" 3>&- >points || status=$?
	cat points
	[ "$status" -ne 77 ] || skip "nothing may be traced here"
	[ "$status" -eq 0 ]
	echo "# $(cat points)" >&3
}
