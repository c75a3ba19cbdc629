#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Debian package: programs, unit, configuration, manual pages. Prints where it is.
#
# usage: tools/deb.sh      after make
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
version=$(sed -n 's/#define VERSION "\(.*\)"/\1/p' server/version.h)
architecture=$(dpkg --print-architecture)
root=$build/deb/root
rm -rf "$build/deb"
umask 022

put() { # mode, from, to
	install -D -m "$1" "$2" "$root/$3"
}

for program in leveret leveretctl leveret-perf leveret-migrate; do
	put 755 "$build/$program" "usr/bin/$program"
	strip --strip-unneeded "$root/usr/bin/$program"
done
mkdir -p "$root/usr/lib/leveret/bin" "$root/usr/share/bash-completion/completions" \
	"$root/usr/share/zsh/vendor-completions"
for name in rabbitmqctl rabbitmq-diagnostics rabbitmq-plugins rabbitmq-queues rabbitmq-upgrade; do
	ln -s ../../../bin/leveretctl "$root/usr/lib/leveret/bin/$name"
done
"$build/leveretctl" completion bash > "$root/usr/share/bash-completion/completions/leveretctl"
"$build/leveretctl" completion zsh > "$root/usr/share/zsh/vendor-completions/_leveretctl"
put 644 etc/leveret.conf etc/leveret/leveret.conf
mkdir -p "$root/etc/leveret/conf.d" "$root/lib/systemd/system"
sed -e '/^# A systemd unit/,/^#   systemctl/d' -e 's,/usr/local/bin/,/usr/bin/,' \
	etc/leveret.service > "$root/lib/systemd/system/leveret.service"
for page in leveret.8 leveretctl.8 leveret.conf.5 leveret-perf.1 leveret-migrate.1; do
	mkdir -p "$root/usr/share/man/man${page##*.}"
	"$build/man" "$page" | gzip -9n > "$root/usr/share/man/man${page##*.}/$page.gz"
done
for file in prometheus/prometheus.yml prometheus/leveret.rules.yml grafana/leveret-overview.json; do
	put 644 "etc/$file" "usr/share/leveret/$file"
done
put 644 README.md usr/share/doc/leveret/README.md
mkdir -p "$root/usr/share/doc/leveret"
gzip -9n < CHANGELOG.md > "$root/usr/share/doc/leveret/changelog.gz"
cat > "$root/usr/share/doc/leveret/copyright" << END
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Leveret

Files: *
Copyright: the Leveret authors
License: Apache-2.0
 On Debian systems the whole text is in /usr/share/common-licenses/Apache-2.0.
END

# ---- what dpkg wants to know ----

mkdir -p "$build/deb/debian" "$root/DEBIAN"
printf 'Source: leveret\n\nPackage: leveret\nArchitecture: any\n' > "$build/deb/debian/control"
depends=$(cd "$build/deb" && dpkg-shlibdeps -O root/usr/bin/* 2> /dev/null |
	sed -n 's/^shlibs:Depends=//p')
cat > "$root/DEBIAN/control" << END
Package: leveret
Version: $version
Architecture: $architecture
Maintainer: the Leveret maintainers <maintainers@leveret.invalid>
Depends: $depends
Section: net
Priority: optional
Installed-Size: $(du -sk "$root" | cut -f1)
Description: AMQP 0-9-1 message broker that clients for RabbitMQ use unchanged
 Routes messages through exchanges into queues that last, and confirms what is
 safe on disk. One small program, with leveretctl to administrate it and
 leveret-perf to load it.
END
echo /etc/leveret/leveret.conf > "$root/DEBIAN/conffiles"

script() { # name; the body is read
	{ printf '#!/bin/sh\nset -e\n' && cat; } > "$root/DEBIAN/$1"
	chmod 755 "$root/DEBIAN/$1"
}

script postinst << 'END'
if [ "$1" = configure ]; then
	[ ! -d /run/systemd/system ] || systemctl daemon-reload
	deb-systemd-helper enable leveret.service > /dev/null || true
	[ ! -d /run/systemd/system ] || systemctl restart leveret.service || true
fi
END
script prerm << 'END'
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl stop leveret.service || true
fi
END
script postrm << 'END'
if [ "$1" = purge ]; then
	deb-systemd-helper purge leveret.service > /dev/null || true
	rm -rf /var/lib/leveret /var/lib/private/leveret
fi
[ ! -d /run/systemd/system ] || systemctl daemon-reload || true
END

file=$build/leveret_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$root" "$file" > /dev/null
echo "$file"
