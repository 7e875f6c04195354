/// True if `left` precedes `right` in natural order: runs of digits are compared as numbers (img_2 before img_10),
/// everything else by bytes.
public func naturallyPrecedes(_ left: String, _ right: String) -> Bool {
  var (left, right) = (left, right)
  return left.withUTF8 { left in right.withUTF8 { right in naturallyPrecedes(left, right) } }
}

private func naturallyPrecedes(
  _ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>
) -> Bool {
  var (i, j) = (0, 0)
  while i < a.count && j < b.count {
    if isDigit(a[i]) && isDigit(b[j]) {
      let (first, second) = (number(in: a, from: &i), number(in: b, from: &j))
      if first.count != second.count { return first.count < second.count }
      if !first.elementsEqual(second) { return first.lexicographicallyPrecedes(second) }
    } else {
      if a[i] != b[j] { return a[i] < b[j] }
      i += 1
      j += 1
    }
  }
  if i < a.count || j < b.count { return j < b.count }
  // The names are equal except for leading zeros. Any fixed order suffices.
  return a.lexicographicallyPrecedes(b)
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

/// The digits from `index`, without leading zeros; moves `index` past them.
private func number(in bytes: UnsafeBufferPointer<UInt8>, from index: inout Int)
  -> Slice<UnsafeBufferPointer<UInt8>>
{
  let start = index
  while index < bytes.count && isDigit(bytes[index]) { index += 1 }
  return bytes[start..<index].drop { $0 == 0x30 }
}
