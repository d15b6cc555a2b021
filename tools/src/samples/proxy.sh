#!/bin/sh
# The commands of the sample proxy, an SA-aware component. What it starts for others has none.
case "$1" in
instantiate)
    @PERDURE@ sample-proxy &
    ;;
cleanup)
    # The node director kills every process of the proxy that is left; the daemons have names of their own.
    ;;
*)
    echo "usage: $0 instantiate|cleanup" >&2
    exit 2
    ;;
esac
