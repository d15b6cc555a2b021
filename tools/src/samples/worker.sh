#!/bin/sh
# The commands of the sample worker, an SA-aware component.
case "$1" in
instantiate)
    @PERDURE@ sample-worker &
    ;;
cleanup)
    # The node director kills every process of the component that is left after this command.
    ;;
*)
    echo "usage: $0 instantiate|cleanup" >&2
    exit 2
    ;;
esac
