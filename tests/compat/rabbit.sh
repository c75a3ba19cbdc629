#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# RabbitMQ brokers to compare with, each with a node name, data and logs of its own in a new
# directory below /tmp: 3 is Debian 12's package on this machine, 4 is Debian 13's in a root of its
# own in build/compat/trixie, which shares the loopback interface.
#
# usage: rabbit.sh install [3] [4]     needs root, a Debian mirror and, for 4, debootstrap
#        rabbit.sh start 3|4 PORT      prints the directory that stop wants, when clients may come;
#                                      MANAGEMENT=PORT in the environment: over HTTP, too
#        rabbit.sh stop DIR
#        rabbit.sh run 3|4 PORT [DIR]  in the foreground; its directory, a new one below /tmp if
#                                      none is named, and its epmd stay
set -eu
cd "$(dirname "$0")/../.."
trixie=$PWD/build/compat/trixie
export DEBIAN_FRONTEND=noninteractive

# What is installed must not start by itself; a policy that is there already says so, and stays.
install_into() { # root
	policy=$1/usr/sbin/policy-rc.d
	if [ -e "$policy" ]; then
		policy=
	else
		printf '#!/bin/sh\nexit 101\n' > "$policy"
		chmod +x "$policy"
	fi
	chroot "$1" apt-get update -q
	chroot "$1" apt-get install -y -q --no-install-recommends rabbitmq-server
	[ -z "$policy" ] || rm -f "$policy"
}

# The machine's way to the network goes along: name server, certificates of its owner.
make_trixie() {
	mkdir -p "${trixie%/*}"
	[ -e "$trixie/etc/debian_version" ] ||
		debootstrap --variant=minbase --include=ca-certificates trixie "$trixie" ${MIRROR:-}
	cp /etc/resolv.conf /etc/hosts "$trixie/etc/"
	cp /etc/ssl/certs/ca-certificates.crt "$trixie/etc/ssl/certs/ca-certificates.crt"
}

install() {
	case $1 in
	3) [ -x /usr/sbin/rabbitmq-server ] || install_into / ;;
	4)
		[ -x "$trixie/usr/sbin/rabbitmq-server" ] && return
		make_trixie
		install_into "$trixie"
		;;
	esac
}

# The runtime needs /proc and /dev; they go away with the namespace.
in_root() { # root, command...
	exec unshare --mount sh -eu -c '
		mount --make-rprivate /
		if [ "$1" != / ]; then
			mount -t proc proc "$1/proc"
			mount --rbind /dev "$1/dev"
			mount --rbind /tmp "$1/tmp"
		fi
		root=$1
		shift
		exec chroot "$root" "$@"' sh "$@"
}

# Alone on loopback: no management unless it is asked for, no distribution port that others share,
# no epmd that stays.
configure() { # 3|4, port, directory
	dir=${3:-$(mktemp -d /tmp/leveret-compat.XXXXXX)}
	mkdir -p "$dir/data" "$dir/log"
	echo "listeners.tcp.1 = 127.0.0.1:$2" > "$dir/rabbitmq.conf"
	cat > "$dir/enabled_plugins" << END
[rabbitmq_consistent_hash_exchange, rabbitmq_event_exchange, rabbitmq_random_exchange,
 rabbitmq_recent_history_exchange, rabbitmq_sharding${MANAGEMENT:+, rabbitmq_management}].
END
	[ -z "${MANAGEMENT:-}" ] || cat >> "$dir/rabbitmq.conf" << END
management.tcp.ip = 127.0.0.1
management.tcp.port = $MANAGEMENT
END
	cat > "$dir/advanced.config" << END
[{kernel, [{inet_dist_use_interface, {127,0,0,1}}]}].
END
	echo $(($2 + 10)) > "$dir/epmd"
}

# The process becomes the node.
run_in() { # 3|4, port, the configured directory
	root=/
	[ "$1" = 3 ] || root=$trixie
	in_root "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$3" LANG=C.UTF-8 \
		RABBITMQ_NODENAME="compat$1-$2@localhost" RABBITMQ_CONFIG_FILE="$3/rabbitmq.conf" \
		RABBITMQ_ADVANCED_CONFIG_FILE="$3/advanced.config" \
		RABBITMQ_MNESIA_BASE="$3/data" RABBITMQ_LOG_BASE="$3/log" \
		RABBITMQ_ENABLED_PLUGINS_FILE="$3/enabled_plugins" RABBITMQ_DIST_PORT="$(($2 + 11))" \
		ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$(($2 + 10))" \
		/usr/lib/rabbitmq/bin/rabbitmq-server
}

start() { # 3|4, port
	configure "$@"
	(run_in "$1" "$2" "$dir" > "$dir/console" 2>&1) < /dev/null > /dev/null &
	echo $! > "$dir/pid"
	for _ in $(seq 600); do
		grep -qs 'completed with' "$dir/console" && { echo "$dir"; return; }
		kill -0 "$(cat "$dir/pid")" 2> /dev/null || break
		sleep 0.1
	done
	tail -20 "$dir/console" >&2
	stop "$dir"
	return 1
}

# The id is the node's own, and SIGTERM an orderly end; epmd, which it began, is found by its port.
stop() { # dir
	pid=$(cat "$1/pid" 2> /dev/null || true)   # none of `run`
	kill "$pid" 2> /dev/null || true
	for _ in $(seq 200); do
		kill -0 "$pid" 2> /dev/null || break
		sleep 0.1
	done
	for epmd in $(pgrep -x epmd || true); do
		! xargs -0a "/proc/$epmd/environ" -n 1 2> /dev/null |
			grep -qx "ERL_EPMD_PORT=$(cat "$1/epmd")" || kill "$epmd"
	done
	rm -rf "$1"
}

case ${1:-} in
install)
	shift
	for each in ${*:-3 4}; do install "$each"; done
	;;
start | stop) "$@" ;;
run)
	configure "$2" "$3" "${4:-}"
	run_in "$2" "$3" "$dir"
	;;
*) sed -n '/^# usage/,/^[^#]/s/^# //p' "$0" && exit 2 ;;
esac
