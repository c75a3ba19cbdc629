#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Certificates for the tests, in the folder given: two authorities (ca, other), a server, clients
# whose subject, common name or alternative name is guest, one that is not, one that has expired.
set -eu
dir=$1
mkdir -p "$dir"
cd "$dir"

authority() { # name
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" \
		-keyout "$1.key" -out "$1.pem" 2> /dev/null
}

leaf() { # name, authority, subject, alternative names, days
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$3" \
		-keyout "$1.key" -out "$1.csr" 2> /dev/null
	printf 'subjectAltName=%s\n' "$4" > "$1.ext"
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days "$5" \
		-extfile "$1.ext" -out "$1.pem" 2> /dev/null
}

authority ca
authority other
leaf server ca /CN=localhost DNS:localhost,IP:127.0.0.1 30
leaf server2 ca /CN=localhost DNS:localhost,IP:127.0.0.1 30
leaf guest ca /O=Leveret/CN=guest DNS:somebody,DNS:guest,email:guest@example.com 30
leaf nobody ca /CN=nobody DNS:nobody 30
leaf stranger other /CN=guest DNS:guest 30
leaf expired ca /CN=guest DNS:guest -1
