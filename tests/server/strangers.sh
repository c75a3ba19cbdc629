#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What 10,000 strangers can make the broker take, whatever they send or do not send, in the clear
# and with TLS: 16 MiB.
#
# usage: strangers.sh      BUILD=build PORT=5698 (and the one behind it)
set -u
cd "$(dirname "$0")/../.."
PORT=${PORT:-5698} tests/hostile/siege.sh memory
