#!/usr/bin/env bash
# What ./test runs for tests/Sockeye.Guest.Tests: one boot of the guest, and in it all of those tests. Speaks as any test
# executable does, xunit's messages in JSON; where there can be no guest, that is one skipped test that says why.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
tests=$(dirname "$here")/Sockeye.Guest.Tests/bin/Release/net10.0/Sockeye.Guest.Tests.dll

summary() { echo "{\"\$type\":\"test-assembly-finished\",\"TestsTotal\":$1,\"TestsFailed\":0,\"TestsSkipped\":$1,\"TestsNotRun\":0}"; }

[ -e "$tests" ] || { echo "$tests was not built"; exit 1; }

# A filter that leaves nothing is no reason to boot.
if [[ " $* " =~ " -"(method|class|namespace|trait)"-"?" " ]] && ! dotnet exec "$tests" "$@" -list full | grep -q 'Display name'; then
    summary 0
    exit
fi

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
status=0
"$here/boot" -- dotnet exec "$tests" "$@" 2>"$errors" || status=$?
cat "$errors" >&2
if [ $status = 77 ]; then
    reason=$(tail -1 "$errors" | tr -d '"\\')
    echo '{"$type":"test-starting","TestUniqueID":"guest","TestDisplayName":"Sockeye.Guest.Tests"}'
    echo "{\"\$type\":\"test-skipped\",\"TestUniqueID\":\"guest\",\"Reason\":\"${reason#guest: }\"}"
    echo '{"$type":"test-finished","TestUniqueID":"guest"}'
    summary 1
    exit 0
fi
exit $status
