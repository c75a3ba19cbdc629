#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The newest version of a Python package, in an environment of its own under build/interop.
#
# usage: pip.sh CLIENT PACKAGE
set -u
env=$(cd "$(dirname "$0")/../../.." && pwd)/build/interop/$1
if ! { [ -x "$env/bin/pip" ] || /usr/bin/python3 -m venv "$env"; } ||
	! "$env/bin/pip" install -q --upgrade "$2" >&2; then
	echo "pip cannot install $2"
	exit 3
fi
"$env/bin/python" -c "import importlib.metadata as m; print('version', m.version('$2'))"
