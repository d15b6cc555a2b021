#!/bin/sh
# A component of scripts with an external monitor: the service writes a beat to a file; the monitor looks whether it
# still does, and reports an error where it does not. The CSI's attribute file says which file.
#
# The operator stops and starts the monitor with `amf-adm eam-stop` and `amf-adm eam-start`.
state="$SA_AMF_COMPONENT_NAME"

# The group that was noted in a file, if one of its processes lives.
group_of() {
    group=
    [ -f "$1" ] && read -r group <"$1"
    [ -n "$group" ] && kill -s 0 -- "-$group" 2>/dev/null
}

# Ends that group.
end() {
    if group_of "$1"; then
        kill -s TERM -- "-$group"
        # One that is stopped takes signals when it goes on.
        kill -s CONT -- "-$group" 2>/dev/null
        while group_of "$1"; do
            sleep 0.02
        done
    fi
    rm -f "$1"
}

case "$1" in
instantiate)
    file="${file:-$state.beat}"
    echo "$file" >"$state.file"
    while :; do
        echo "$(date +%H:%M:%S) $$" >>"$file"
        sleep 0.1
    done &
    echo $! >"$state.service"
    echo $$ >"$state.group"
    ;;
terminate)
    end "$state.group"
    ;;
cleanup)
    rm -f "$state.group" "$state.service"
    ;;
am-start)
    read -r file <"$state.file"
    (
        last=
        while sleep 0.5; do
            now=$(wc -c <"$file")
            if [ "$now" = "$last" ]; then
                echo "the service does not beat any more" >&2
                "$PERDURE_DIR/bin/amf-report-error" -r comprestart
                exit
            fi
            last=$now
        done
    ) &
    echo $$ >"$state.monitor"
    ;;
am-stop)
    end "$state.monitor"
    ;;
*)
    echo "usage: $0 instantiate|terminate|cleanup|am-start|am-stop" >&2
    exit 2
    ;;
esac
