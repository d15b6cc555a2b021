#!/bin/sh
# A component that knows nothing of the framework: a loop that writes a line each second. It runs while its SU is
# active. The attributes of its CSI arrive in the environment: text (what to write) and file (where to).
#
# The node director starts each command as the leader of a process group of its own, so that one number names the
# loop with all that it starts.
group_file="$SA_AMF_COMPONENT_NAME.pid"

alive() {
    [ -n "$group" ] && kill -s 0 -- "-$group" 2>/dev/null
}

case "$1" in
instantiate)
    while :; do
        echo "$(date +%H:%M:%S) ${text:-alive}"
        sleep 1
    done >"${file:-$SA_AMF_COMPONENT_NAME.out}" &
    echo $$ >"$group_file"
    ;;
terminate)
    [ -f "$group_file" ] && read -r group <"$group_file"
    alive && kill -s TERM -- "-$group"
    while alive; do
        sleep 0.02
    done
    rm -f "$group_file"
    ;;
cleanup)
    # The node director kills every process of the component that is left after this command.
    rm -f "$group_file"
    ;;
*)
    echo "usage: $0 instantiate|terminate|cleanup" >&2
    exit 2
    ;;
esac
