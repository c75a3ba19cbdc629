#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A broker in the foreground with its data in ./data, and a word on what to do next.
# PORT=5672 WEB=15672 METRICS=15692 (with another PORT: none unless they are said)
# ARGS='key=value ...'
set -eu
cd "$(dirname "$0")/.."
web=${WEB:-} metrics=${METRICS:-}
[ -n "$web${PORT:-}" ] || web=15672
[ -n "$metrics${PORT:-}" ] || metrics=15692
port=${PORT:-5672}

cat <<END

  Leveret on port $port, data in ./data. Ctrl-C stops it.

${web:+  The web UI: http://127.0.0.1:$web/ (guest, guest)

}  A first message, from another terminal:
    apt-get install -y amqp-tools
    amqp-declare-queue -u amqp://guest:guest@127.0.0.1:$port -q hello
    amqp-publish       -u amqp://guest:guest@127.0.0.1:$port -r hello -b 'Hello, world'
    amqp-get           -u amqp://guest:guest@127.0.0.1:$port -q hello

  Any RabbitMQ client works: amqp://guest:guest@127.0.0.1:$port/

END
# shellcheck disable=SC2086
exec build/leveret listeners.tcp.default="$port" ${web:+management.tcp.port="$web"} \
	${metrics:+prometheus.tcp.port="$metrics"} data_dir=data ${ARGS:-}
