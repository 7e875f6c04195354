/// The names that a range in braces stands for, as `train-{0000..0123}.tar`; just `name` if there is none.
///
/// Several ranges stand for all combinations. Numbers have the digits of the first one at least, and may count down.
///
/// - Returns: nil if there would be more than a million.
public func expandingBraces(in name: String) -> [String]? {
  guard let range = firstRange(in: name) else { return [name] }
  guard let rest = expandingBraces(in: range.after), range.count * rest.count <= 1_000_000 else {
    return nil
  }
  return range.numbers.flatMap { number in rest.map { range.before + number + $0 } }
}

private struct BraceRange {
  let before: String
  let after: String
  let first: Int
  let last: Int
  let digits: Int

  var count: Int { abs(last - first) + 1 }

  var numbers: [String] {
    stride(from: first, through: last, by: first <= last ? 1 : -1).map { number in
      let text = String(number)
      return String(repeating: "0", count: max(digits - text.count, 0)) + text
    }
  }
}

private func firstRange(in name: String) -> BraceRange? {
  for open in name.indices where name[open] == "{" {
    let content = name[name.index(after: open)...].prefix { $0 != "}" }
    guard content.endIndex < name.endIndex else { return nil }
    let bounds = content.split(separator: ".", omittingEmptySubsequences: false)
    guard bounds.count == 3, bounds[1].isEmpty, let first = number(bounds[0]),
      let last = number(bounds[2])
    else { continue }
    return BraceRange(
      before: String(name[..<open]), after: String(name[name.index(after: content.endIndex)...]),
      first: first, last: last, digits: bounds[0].count)
  }
  return nil
}

private func number(_ digits: Substring) -> Int? {
  guard (1...9).contains(digits.count), digits.allSatisfy({ $0.isASCII && $0.isNumber }) else {
    return nil
  }
  return Int(digits)
}
