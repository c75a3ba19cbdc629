#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The newest release of a Java client with all it needs, in a folder of its own under build/interop,
# and the driver, where there is one, compiled beside it. Milestones and candidates do not count.
#
# usage: maven.sh CLIENT GROUP ARTIFACT
set -u
here=$(cd "$(dirname "$0")" && pwd)
dir=$here/../../../build/interop/$1
mkdir -p "$dir/classes"
cd "$dir" || exit 1

fetch() { # group, artifact, version
	cat > pom.xml <<- EOF
		<project>
		<modelVersion>4.0.0</modelVersion>
		<groupId>interop</groupId><artifactId>$2</artifactId><version>1</version>
		<dependencies>
		<dependency>
		<groupId>$1</groupId><artifactId>$2</artifactId><version>$3</version>
		</dependency>
		<dependency>
		<groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>2.0.17</version>
		</dependency>
		</dependencies>
		</project>
	EOF
	rm -rf lib
	mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >&2
}

# What the first fetch has learnt of all versions there are.
newest() { # group, artifact
	cat "$HOME/.m2/repository/$(echo "$1" | tr . /)/$2"/maven-metadata-*.xml |
		sed -n 's/.*<version>\([0-9.]*\)<.*/\1/p' | sort -uV | tail -1
}

if ! fetch "$2" "$3" RELEASE || ! version=$(newest "$2" "$3") || ! fetch "$2" "$3" "$version"
then
	echo "Maven cannot install $2:$3"
	exit 3
fi
[ ! -d "$here/$1" ] ||
	javac -nowarn -cp 'lib/*' -d classes "$here"/*.java "$here/$1"/*.java >&2 || exit 1
echo "version $version"
