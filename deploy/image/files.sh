#!/bin/sh
# usage: files.sh FOLDER PROGRAM...
# Lays out below FOLDER the root of an image that runs these programs of /programs:
# they, every library they load, certificates, a user, licences; for the operator, time zones. The same input
# gives the same files, dates included.
set -eu

folder=$1
shift
mkdir -p "$folder/usr/local/bin" "$folder/etc/ssl/certs" "$folder/licenses"

loaded=
for program in "$@"; do
  install -m 0755 "/programs/$program" "$folder/usr/local/bin/$program"
  libraries=$(ldd "/programs/$program")
  case "$libraries" in *"not found"*) echo "files.sh: $program: $libraries" >&2; exit 1 ;; esac
  loaded="$loaded $(echo "$libraries" | sed -nE 's#.*[[:space:]](/[^ ]+) \(0x.*#\1#p')"
done
for library in $(printf '%s\n' $loaded | sort -u); do
  mkdir -p "$folder$(dirname "$library")"
  install -m 0755 "$(readlink -f "$library")" "$folder$library"
  package=$(dpkg-query -S "$(readlink -f "$library")" 2>/dev/null || dpkg-query -S "$(readlink -f "$library" | sed 's#^/usr##')")
  package=${package%%:*}
  [ -e "$folder/licenses/$package" ] || install -m 0644 "/usr/share/doc/$package/copyright" "$folder/licenses/$package"
done

# Schedules of autoscaling name time zones.
case " $* " in *" windlass-operator "*)
  mkdir -p "$folder/usr/share"
  cp -R -P /usr/share/zoneinfo "$folder/usr/share/zoneinfo"
  rm -rf "$folder/usr/share/zoneinfo/posix" "$folder/usr/share/zoneinfo/right" "$folder/usr/share/zoneinfo/localtime"
  install -m 0644 /usr/share/doc/tzdata/copyright "$folder/licenses/tzdata" ;;
esac

install -m 0644 /LICENSE "$folder/licenses/windlass"
install -m 0644 /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/ca-certificates.crt"
printf 'root:x:0:0:root:/:/none\nwindlass:x:65532:65532:windlass:/:/none\n' > "$folder/etc/passwd"
printf 'root:x:0:\nwindlass:x:65532:\n' > "$folder/etc/group"
printf 'hosts: files dns\n' > "$folder/etc/nsswitch.conf"
chmod 0644 "$folder"/etc/passwd "$folder"/etc/group "$folder"/etc/nsswitch.conf
find "$folder" -exec touch -h -d @"${SOURCE_DATE_EPOCH:-0}" {} +
