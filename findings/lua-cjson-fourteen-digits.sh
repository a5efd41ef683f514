#!/usr/bin/env bash
# lua-cjson 2.1.0 (Debian 12), with Lua 5.1 and 5.4: an integer of 15 or 16 digits is decoded and encoded. Guessed: exact up to 2^53, which is what a number
# holds. Seen: only 14 digits are written: 999999999999999 becomes 1e+15, and 1795897054446123 (microseconds since 1970) and ...124 both become
# 1.7958970544461e+15; Lua 5.4's own integers are no exception, and cjson.encode_number_precision refuses more than 14.
# A node in Lua so answers values that nobody sent, and two ids that are made of the time in microseconds become one.
# Bears on us: a node's numbers are kept as they are written; what such a node answers is a phantom or a duplicate id to the checkers.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq lua-cjson=2.1.0+dfsg-2.2 lua5.1=5.1.5-9 liblua5.1-0=5.1.5-9 lua5.4=5.4.4-3+deb12u1 liblua5.4-0=5.4.4-3+deb12u1 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
libraries=$dir/usr/lib/x86_64-linux-gnu
for version in 5.1 5.4; do
  seen=$(LUA_CPATH="$libraries/lua/$version/?.so" LD_LIBRARY_PATH=$libraries usr/bin/lua$version - <<'LUA'
local json = require "cjson"
print(json.encode(json.decode("[99999999999999,999999999999999,1795897054446123,1795897054446124]")))
print(pcall(json.encode_number_precision, 14) and "14 digits taken", pcall(json.encode_number_precision, 15) or "15 refused")
LUA
  )
  echo "Lua $version: $seen"
  [ "$seen" = "[99999999999999,1e+15,1.7958970544461e+15,1.7958970544461e+15]
14 digits taken	15 refused" ]
done
