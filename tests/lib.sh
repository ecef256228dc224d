# shellcheck shell=bash
# What the scripts share that run a real service for tests: tests/kafka/run,
# tests/registry/run and tests/control. To be sourced by bash with `set -euo
# pipefail`, after `service` is set: the name in messages and under target/.
#
# A run has a folder target/SERVICE/run.PID.XXXXXX, and there one folder for
# each process of the service, a node:
#   node.N/command  starts it (bash, ends in exec)
#   node.N/ready    succeeds when it serves (bash; functions of this file help)
#   node.N/log      what it said; node.N/since: bytes of that from earlier starts
#   node.N/pid      its process, for as long as there is one
#   node.N/keeper   the process of tests/keep that starts it and waits for it
#   node.N/orders   a pipe to the keeper: each line starts the node
#   node.N/asked    is there when the node is to end on order

: "${service:?is to be set before}"
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=$(cd "$tests/.." && pwd)/target
ready_seconds_max=120
stop_seconds_max=20

run_dir='' command_pid='' keepers=() nodes=()

say() { printf '%s: %s\n' "$service" "$*" >&2; }

# The header of the script that sources this.
usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; }

misused() {
    usage >&2
    exit 2
}

skip() {
    echo "skipped: needs $1"
    exit 77
}

# Java's version is read from `java -version`: openjdk version "17.0.15" ...
java_major() {
    java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1
}

have_java() {
    command -v java >/dev/null && [[ $(java_major) -ge 17 ]]
}

# Fetches once, for each content of the pom.xml, what it names: the stamp holds
# its digest. Things are gathered in a folder of their own that is renamed at
# last, so an interrupted download never passes for a complete one. `gather`
# is a function of the caller: it is given the folder, and options for Maven.
fetch() {
    local pom=$1 to=$2 what=$3 digest part=$2.part.$$
    digest=$(sha256sum <"$pom")
    if [[ -f $to/.pom.sha256 && $(<"$to/.pom.sha256") == "$digest" ]]; then
        have_java || skip "Java 17 and Maven ($what)"
        return 0
    fi
    { have_java && command -v mvn >/dev/null; } || skip "Java 17 and Maven ($what)"
    say "fetching to $to"
    mkdir -p "$part"
    gather "$part" -q -B -ntp -f "$pom" -Dmaven.repo.local="$target/maven" >&2
    printf '%s\n' "$digest" >"$part/.pom.sha256"
    rm -rf "$to"
    mv "$part" "$to"
}

listening() { (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; }

# Whether a GET is answered with 200. Without curl, which not every machine has.
answers() {
    local address=$1 path=$2 status
    status=$({
        exec 3<>"/dev/tcp/${address%:*}/${address##*:}" || exit 0
        printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$path" "$address" >&3
        # A stopped process takes connections too, by its kernel; it answers none.
        ! read -r -t 2 status <&3 || echo "$status"
    } 2>/dev/null)
    [[ $status == 'HTTP/1.'?' 200'* ]]
}

# Ports that differ, below the range that the kernel hands out by itself: so no
# passing client takes one between this check and the service's start, or
# while a node is down.
free_ports() {
    local left port taken=' '
    for ((left = $1; left > 0; left--)); do
        while true; do
            port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
            [[ $taken == *" $port "* ]] || listening "127.0.0.1:$port" || break
        done
        taken+="$port "
        echo "$port"
    done
}

# Makes the folder of a run, after those whose script was killed outright are
# gone: their process is no more.
new_run() {
    local dir pid
    for dir in "$target/$service"/run.*; do
        pid=${dir##*/run.} pid=${pid%%.*}
        [[ ! -d $dir ]] || kill -0 "$pid" 2>/dev/null || rm -rf "$dir"
    done
    run_dir=$(mktemp -d "$target/$service/run.$$.XXXXXX")
    ln -s "$tests/control" "$run_dir/control"
    nodes=() keepers=()
}

# Starts the keeper of a node, which the kernel ends with this script should
# that be killed outright (where util-linux has setpriv).
keep() {
    local node=$1 guard=()
    ! command -v setpriv >/dev/null || guard=(setpriv --pdeathsig KILL)
    mkfifo "$node/orders"
    : >"$node/log"
    "${guard[@]}" "$tests/keep" "$node" </dev/null >>"$node/log" 2>&1 &
    keepers+=($!) nodes+=("$node")
    echo $! >"$node/keeper"
}

# Whether the node's last start said this already; for node.N/ready.
said() { tail -c "+$(($(<since) + 1))" log | grep -qF -e "$1"; }

running() { [[ -f $1/pid ]]; }

serves() {
    # shellcheck source=/dev/null # made by the script that starts the service
    running "$1" && (cd "$1" && . ./ready)
}

# Whether a keeper is there to start the node: one whose node ended by itself is not.
kept() { kill -0 "$(<"$1/keeper")" 2>/dev/null; }

# Has nodes started that are not running, all at once, and waits for all.
start_nodes() {
    local node deadline=$((SECONDS + ready_seconds_max))
    for node in "$@"; do
        kept "$node" || return 1
        running "$node" || echo start >"$node/orders"
    done
    for node in "$@"; do
        until serves "$node"; do
            all_kept "$@" && ((SECONDS < deadline)) || return 1
            sleep 0.1
        done
    done
}

all_kept() {
    local node
    for node in "$@"; do
        kept "$node" || return 1
    done
}

# Ends one of our own processes, by its id, and its group with it; gently first.
end() {
    local pid=$1 deadline=$((SECONDS + stop_seconds_max))
    kill -TERM -- "-$pid" 2>/dev/null || return 0
    while kill -0 -- "-$pid" 2>/dev/null; do
        if ((SECONDS >= deadline)); then
            say "process $pid did not end in $stop_seconds_max s: killed"
            kill -KILL -- "-$pid" 2>/dev/null || true
            break
        fi
        sleep 0.05
    done
    wait "$pid" 2>/dev/null || true
}

# Ends all nodes with their keepers. What they hold is thrown away with the
# run's folder, so nothing is gained by asking them first.
end_nodes() {
    local keeper
    for keeper in "${keepers[@]}"; do
        kill -KILL -- "-$keeper" 2>/dev/null || true
        wait "$keeper" 2>/dev/null || true
    done
    keepers=()
}

# What the nodes had to say is kept when something failed.
keep_logs() {
    ((${#nodes[@]} == 0)) || tail -n +1 "${nodes[@]/%//log}" >"$target/$service/failed.log"
}

last_words() {
    tail -n 40 "${nodes[@]/%//log}" >&2
}

clean_up() {
    local code=$?
    trap '' INT TERM HUP
    set +m # no job notices among the output
    [[ -z $command_pid ]] || end "$command_pid"
    end_nodes
    if [[ -n $run_dir ]]; then
        ((code == 0)) || keep_logs
        rm -rf "$run_dir"
    fi
    exit "$code"
}

# To be called before anything is started: from here on all of it ends with
# the script. Each child gets a process group of its own: Ctrl-C reaches the
# script alone, which then ends the command first and the nodes after it.
clean_up_at_exit() {
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    set -m
}

# Brings up what `prepare`, a function of the caller, lays out in the run's
# folder. Somebody else may have taken a port in between: then tries others.
bring_up() {
    for _ in 1 2 3; do
        new_run
        prepare
        ! start_nodes "${nodes[@]}" || return 0
        end_nodes
        grep -qi 'address already in use' "${nodes[@]/%//log}" || break
        rm -rf "$run_dir"
    done
    say "it did not come up (it is given $ready_seconds_max s); the end of its log:"
    last_words
    exit 70
}

# Runs the command, and exits with its code; without one, says how the nodes
# are reached and stays until it is told to end.
run_command() {
    local code=0
    if [[ $# -eq 0 ]]; then
        env | grep "^COMMONWEAL_TEST_${service^^}" | sort
        wait -n "${keepers[@]}" || true
        say 'a node ended by itself'
        last_words
        exit 70
    fi
    "$@" <&0 &
    command_pid=$!
    wait "$command_pid" || code=$?
    command_pid=''
    exit "$code"
}
