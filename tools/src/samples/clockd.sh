#!/bin/sh
# A plain daemon: writes the time and its process id to a file ($1) while it serves. SIGUSR1: serve; SIGUSR2: rest.
serves=no
trap 'serves=yes' USR1
trap 'serves=no' USR2
trap 'exit 0' TERM
while :; do
    if [ "$serves" = yes ]; then
        echo "$(date +%H:%M:%S) $$" >>"$1"
    fi
    # Signals come through while it waits.
    sleep 0.1 &
    wait $!
done
