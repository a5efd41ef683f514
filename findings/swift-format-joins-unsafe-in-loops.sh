#!/usr/bin/env bash
# swift-format of Swift 6.3.1's toolchain: a loop over unsafe elements, `for unsafe number in numbers` (SE-0458). Guessed: it stays as it is. Seen: it becomes
# `for unsafenumber in numbers`, another variable. Where the body names the element, the result does not compile; where it does not, it still does, and only
# the mark is gone. `swift format lint` asks for the same change.
# Bears on us: `make format` and strict memory safety are used together here. No source has such a loop; elements are reached by their places.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
command -v swift >/dev/null || { echo "needs swift" >&2; exit 2; }
version=$(swift format --version)
[ "$version" = 6.3.1 ] || { echo "needs swift-format 6.3.1, and this is $version" >&2; exit 2; }
cat >loop.swift <<'SWIFT'
func count(_ numbers: UnsafeBufferPointer<Int>) -> Int {
  var count = 0
  for unsafe _ in unsafe numbers { count += 1 }
  for unsafe number in unsafe numbers where number > 0 { count += 1 }
  return count
}
SWIFT
swiftc -typecheck -strict-memory-safety -warnings-as-errors loop.swift
swift format loop.swift >formatted.swift
seen=$(grep -o 'for [a-z_ ]* in unsafe' formatted.swift | paste -sd,)
echo "swift-format $version: $seen"
[ "$seen" = "for unsafe_ in unsafe,for unsafenumber in unsafe" ]
if swiftc -typecheck formatted.swift 2>errors; then exit 1; fi
grep -q "cannot find 'number' in scope" errors
