#!/bin/sh
# The commands of the sample web server, an SA-aware component.
case "$1" in
instantiate)
    # The server registers by itself; the command only has to start it.
    @PERDURE@ sample-web &
    ;;
cleanup)
    # The node director kills every process of the component that is left after this command.
    ;;
*)
    echo "usage: $0 instantiate|cleanup" >&2
    exit 2
    ;;
esac
