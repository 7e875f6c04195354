/// `count` of the numbers 0 ..< `total` at even distances, the first of them 0; all of them if they are not more.
public func evenlySpaced(_ count: Int, of total: Int) -> [Int] {
  let count = min(count, total)
  return (0..<count).map { $0 * total / count }
}
