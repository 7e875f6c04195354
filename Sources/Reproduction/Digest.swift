import KeyedRandom

/// A short digest: 12 hexadecimal digits, the same on all machines.
func digest(_ content: some Sequence<UInt8>) -> String {
  var hash = FNV1a()
  hash.add(content)
  let digits = String((hash.value ^ (hash.value >> 48)) & 0xFFFF_FFFF_FFFF, radix: 16)
  return String(repeating: "0", count: 12 - digits.count) + digits
}

func digest(_ content: String) -> String { digest(content.utf8) }
