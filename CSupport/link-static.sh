#!/bin/sh
# Links glomer, or workbench, as a static executable, from the objects of a release build: it starts in half the time and
# takes half the memory of the ordinary one (bench/results/nodes.md), and runs where there is no Swift. Fails, leaving nothing,
# where the system has not got what it takes.
#
#   link-static.sh BUILD OUTPUT [PRODUCT]     BUILD is swift build's folder for the release, as .build-release/release
set -eu
build=$1
output=$2
product=${3:-glomer}
here=$(dirname "$0")
case $product in
  glomer) module=glomer probe=--list ;;
  workbench) module=WorkbenchCommand probe=--help ;;
  *) echo "link-static: there is no product '$product'"; exit 1 ;;
esac

case $(uname -s) in
  Linux) ;;
  *) echo "link-static: only Linux has static executables"; exit 1 ;;
esac

libraries=$(mktemp -d)
trap 'rm -rf "$libraries"' EXIT
# Debian calls the static libuv libuv_a.
found=
for place in "$(pkg-config --variable=libdir libuv)" /usr/lib /usr/local/lib; do
  for name in libuv_a.a libuv.a; do
    if [ -z "$found" ] && [ -f "$place/$name" ]; then found=$place/$name; fi
  done
done
[ -n "$found" ] || { echo "link-static: there is no static libuv here"; exit 1; }
ln -s "$found" "$libraries/libuv.a"

# NATS has no static library: what asks for it is compiled once more, to say that it is not there.
objects="$libraries/objects"
grep -v '/CFleet.build/' "$build/$product.product/Objects.LinkFileList" >"$objects"
if [ "$product" = workbench ]; then
  clang=$(dirname "$(command -v "${SWIFTC:-swiftc}")")/clang
  for name in connection queue; do
    "$clang" -O2 -DGLOMERS_WITHOUT_NATS -I"$here/CFleet/include" -I"$here/CGlomers/include" \
      -c "$here/CFleet/$name.c" -o "$libraries/$name.o"
    echo "$libraries/$name.o" >>"$objects"
  done
  # ICU's locales are half of the program, and nothing here asks for one.
  swift=$(dirname "$(dirname "$(command -v "${SWIFTC:-swiftc}")")")
  icu=$(nm "$swift"/lib/swift_static/linux/lib_FoundationICU.a 2>/dev/null |
    grep -o 'icudt[0-9]*_dat$' | head -n 1)
  if [ -n "$icu" ]; then
    "$clang" -O2 "-DNO_LOCALES_SYMBOL=$icu" -c "$here/no-locales.c" -o "$libraries/no-locales.o"
    echo "$libraries/no-locales.o" >>"$objects"
  fi
fi

# What runs at the start lies together, or the kernel maps all that lies between; names that are gone do no harm.
# SwiftPM gives main a name of its own. What glibc wants to load later (users, host names, printing) is not used.
if ! ${SWIFTC:-swiftc} -static-executable -emit-executable -use-ld=lld -o "$libraries/$product" \
  "@$objects" -L "$libraries" -luv -ljansson -lm \
  -Xlinker --defsym=main=${module}_main -Xlinker --gc-sections \
  -Xlinker "--symbol-ordering-file=$here/startup-order.txt" -Xlinker --no-warn-symbol-ordering \
  >"$libraries/log" 2>&1 || ! "$libraries/$product" "$probe" >>"$libraries/log" 2>&1; then
  grep -E 'error|undefined|cannot' "$libraries/log" | head -n 5
  echo "link-static: no static executable came of it"
  exit 1
fi
mkdir -p "$(dirname "$output")"
# A file that is being run can't be written, but it can be replaced.
mv -f "$libraries/$product" "$output"
