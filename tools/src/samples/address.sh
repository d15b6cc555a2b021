#!/bin/sh
# A virtual address as a component: the SU that is active for the CSI has it. Its attributes arrive in the environment:
# address (as `ip addr` takes it), device, and dry_run, a directory: where it is given, or without privileges, the address
# is only noted there.
#
# The framework runs `check` as the component's health command: an address that was taken away is given back.
state="$SA_AMF_COMPONENT_NAME.address"

# What is needed to take the address away, when there is no CSI any more.
recall() {
    [ -f "$state" ] && read -r address device note <"$state"
}

is_dry() {
    [ -n "$note" ] && [ "$note" != - ] || [ "$(id -u)" != 0 ]
}

has() {
    if is_dry; then
        [ -f "$note/address.$SA_AMF_COMPONENT_NAME" ]
    else
        ip -o addr show dev "$device" | grep -q " ${address%/*}/"
    fi
}

give() {
    if is_dry; then
        mkdir -p "$note"
        echo "$address $device" >"$note/address.$SA_AMF_COMPONENT_NAME"
    else
        has || ip addr add "$address" dev "$device" || return 1
        # The neighbours learn where it is now.
        command -v arping >/dev/null && arping -q -U -c 2 -I "$device" "${address%/*}"
        return 0
    fi
}

take() {
    if is_dry; then
        rm -f "$note/address.$SA_AMF_COMPONENT_NAME"
    else
        ! has || ip addr del "$address" dev "$device"
    fi
}

case "$1" in
instantiate)
    if [ -z "$address" ] || [ -z "$device" ]; then
        echo "the CSI has no attributes address and device" >&2
        # No further attempt helps.
        exit 200
    fi
    note="${dry_run:--}"
    [ "$note" = - ] && is_dry && note="$PWD"
    echo "$address $device $note" >"$state"
    give
    ;;
terminate | cleanup)
    recall && take && rm -f "$state"
    [ ! -f "$state" ]
    ;;
check)
    recall || exit 0
    has || {
        echo "$address is gone from $device" >&2
        exit 1
    }
    ;;
*)
    echo "usage: $0 instantiate|terminate|cleanup|check" >&2
    exit 2
    ;;
esac
