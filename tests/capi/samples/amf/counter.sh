#!/bin/sh
# The commands of the component. The framework names it in SA_AMF_COMPONENT_NAME.
case "$1" in
instantiate)
    # It registers by itself; the command only has to start it.
    "$(dirname "$0")/counter" &
    ;;
cleanup)
    # Whatever is left of the component after this command is killed by the node director.
    ;;
*)
    echo "usage: $0 instantiate|cleanup" >&2
    exit 2
    ;;
esac
