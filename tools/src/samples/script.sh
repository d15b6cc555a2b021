#!/bin/sh
# A component that knows nothing of the framework: a loop that writes a line each second. It runs while its SU is
# active. The attributes of its CSI arrive in the environment: text (what to write) and file (where to).
pid_file="$SA_AMF_COMPONENT_NAME.pid"

alive() {
    [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null
}

case "$1" in
instantiate)
    while :; do
        echo "$(date +%H:%M:%S) ${text:-alive}"
        sleep 1
    done >"${file:-$SA_AMF_COMPONENT_NAME.out}" &
    echo $! >"$pid_file"
    ;;
terminate)
    [ -f "$pid_file" ] && read -r pid <"$pid_file"
    alive && kill "$pid"
    while alive; do
        sleep 0.05
    done
    rm -f "$pid_file"
    ;;
cleanup)
    # The node director kills every process of the component that is left after this command.
    rm -f "$pid_file"
    ;;
*)
    echo "usage: $0 instantiate|terminate|cleanup" >&2
    exit 2
    ;;
esac
