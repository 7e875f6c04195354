/// `count` evenly spaced numbers in 0 ..< `total`, beginning with 0; all numbers if there are no more than `count`.
public func evenlySpaced(_ count: Int, of total: Int) -> [Int] {
  let count = min(count, total)
  return (0..<count).map { $0 * total / count }
}
