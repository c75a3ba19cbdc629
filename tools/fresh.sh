#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a newcomer sees: empty Debian 12 roots with make, git and certificates and nothing else, a
# clone of the last commit in each. In the first, `make run` must start a broker that takes and
# gives a message and stops in order; in the second, `make test` must pass; in the third the
# package that `make deb` made here must install, serve as its unit says, and go without a trace.
#
# usage: tools/fresh.sh [run] [test] [deb]
#        needs root, debootstrap and a Debian mirror (MIRROR=URL)
#
# The roots live in build/fresh; the bare one is kept and copied, the others are made anew. Each
# runs in mount and process namespaces of its own, so that nothing of it stays behind; the network
# is the machine's, so the broker listens on PORT (default 5679).
set -eu
cd "$(dirname "$0")/.."
port=${PORT:-5679}
fresh=$PWD/build/fresh

if [ "$(id -u)" != 0 ]; then
	echo "fresh.sh: needs root (chroot, mount)" >&2
	exit 2
fi
if ! command -v debootstrap > /dev/null; then
	echo "fresh.sh: needs debootstrap (apt-get install debootstrap)" >&2
	exit 2
fi
if [ -n "$(git status --porcelain)" ]; then
	echo "fresh.sh: note: what is not committed is not tried"
fi
mkdir -p "$fresh"

make_bare() {
	[ ! -e "$fresh/bare.made" ] || return 0
	rm -rf "$fresh/bare"
	# shellcheck disable=SC2086
	debootstrap --variant=minbase --include=make,git,ca-certificates bookworm \
		"$fresh/bare" ${MIRROR:-} > "$fresh/debootstrap.log" 2>&1 ||
		{ tail -5 "$fresh/debootstrap.log" && exit 1; }
	touch "$fresh/bare.made"
}

# The machine's way to the network goes along: name server, proxies, certificates of its owner.
make_root() { # name
	rm -rf --one-file-system "${fresh:?}/$1"
	cp -a "$fresh/bare" "$fresh/$1"
	cp /etc/resolv.conf "$fresh/$1/etc/resolv.conf"
	find /usr/local/share/ca-certificates -name '*.crt' -exec \
		cp {} "$fresh/$1/usr/local/share/ca-certificates/" \; 2> /dev/null || true
	cp /etc/ssl/certs/ca-certificates.crt "$fresh/$1/etc/ssl/certs/ca-certificates.crt"
	git clone -q --no-hardlinks . "$fresh/$1/root/leveret"
}

inside() { # root, script
	cp "$2" "$fresh/$1/root/script.sh"
	unshare --mount --pid --fork --kill-child sh -eu -c '
		mount --make-rprivate /
		mount -t proc proc "$1/proc"
		mount --rbind /dev "$1/dev"
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
			PORT="$2" http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
			NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
			chroot "$1" /bin/sh -eu /root/script.sh' sh "$fresh/$1" "$port" < /dev/null
}

run_script() {
	cat << 'END'
cd /root/leveret
make run > /root/run.log 2>&1 &
make=$!
for _ in $(seq 600); do
	grep -q ' ready: ' /root/run.log && break
	kill -0 $make 2> /dev/null || break
	sleep 0.5
done
cat /root/run.log
grep -q ' ready: ' /root/run.log
apt-get install -y -q --no-install-recommends amqp-tools > /root/apt.log 2>&1
url=amqp://guest:guest@127.0.0.1:$PORT
amqp-declare-queue -u $url -d -q hello
amqp-publish -u $url -p -r hello -b 'Hello, world'
kill -INT "$(pidof leveret)"
wait $make
make run > /root/again.log 2>&1 &
make=$!
for _ in $(seq 60); do
	grep -q ' ready: ' /root/again.log && break
	sleep 0.5
done
got=$(amqp-get -u $url -q hello)
echo "after a restart: $got"
kill -INT "$(pidof leveret)"
wait $make
[ "$got" = 'Hello, world' ]
END
}

test_script() {
	cat << 'END'
cd /root/leveret
make test
END
}

deb_script() {
	cat << 'END'
apt-get update -q > /root/apt.log 2>&1
apt-get install -y -q --no-install-recommends /root/leveret.deb amqp-tools >> /root/apt.log 2>&1
cd /
mkdir /var/lib/leveret
command=$(sed -n 's/^ExecStart=//p' /lib/systemd/system/leveret.service)
$command "listeners.tcp.default=127.0.0.1:$PORT" > /root/leveret.log 2>&1 &
for _ in $(seq 100); do
	grep -q ' ready: ' /root/leveret.log && break
	sleep 0.1
done
cat /root/leveret.log
url=amqp://guest:guest@127.0.0.1:$PORT
amqp-declare-queue -u $url -d -q hello
amqp-publish -u $url -p -r hello -b 'Hello, world'
[ "$(leveretctl -s list_queues)" = "$(printf 'hello\t1')" ]
leveret-perf -h $url -z 1 -r 100
leveretctl stop
wait
apt-get purge -y -q leveret >> /root/apt.log 2>&1
[ ! -e /var/lib/leveret ] && [ ! -e /etc/leveret ] && [ ! -e /usr/bin/leveret ]
END
}

passed=0 failed=0
make_bare
for half in ${*:-run test deb}; do
	began=$(date +%s)
	make_root "$half"
	[ "$half" != deb ] || cp "$(make -s deb | tail -1)" "$fresh/deb/root/leveret.deb"
	"${half}_script" > "$fresh/$half.sh"
	if inside "$half" "$fresh/$half.sh" > "$fresh/$half.log" 2>&1; then
		passed=$((passed + 1))
		result=passed
	else
		failed=$((failed + 1))
		result=FAILED
		tail -30 "$fresh/$half.log"
	fi
	echo "fresh: make $half $result in $(($(date +%s) - began)) s (log: build/fresh/$half.log)"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
