# The first process of a world: prepares it, runs one command in it, and ends with its status.
# The lines above set what is in capitals here.

if [ "$LAB_WORLD" = uml ]; then
    "$SCRATCH/mount" -t tmpfs tmpfs /run
    "$SCRATCH/mount" -t proc proc /proc
    "$SCRATCH/mount" -t sysfs sysfs /sys
    ln -sf /proc/self/fd /dev/fd
    # Not the terminal's business: the other side sees the bytes as they are written.
    stty -F /dev/ttyS0 raw -echo
    exec >/dev/ttyS0 2>&1
    # Modules come from where Debian keeps those of this kernel, without a link on the host's file system.
    echo "$SCRATCH/modprobe" >/proc/sys/kernel/modprobe
    for module in $LAB_MODULES; do
        "$SCRATCH/modprobe" "$module"
    done
    ip link set dev lo up
else
    mount -t tmpfs tmpfs /run
fi

"$@" &
wait $!
status=$?

if [ "$LAB_WORLD" = uml ]; then
    echo "$status" >"$SCRATCH/status"
    # Waits until the line has taken everything.
    stty -F /dev/ttyS0 raw
    echo o >/proc/sysrq-trigger
    sleep 60
fi
exit "$status"
