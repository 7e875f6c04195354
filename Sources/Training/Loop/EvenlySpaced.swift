/// At most `limit` of the indices 0 ..< `count`, evenly spaced from the first.
func evenlySpaced(_ limit: Int, of count: Int) -> [Int] {
  count <= limit ? Array(0..<count) : (0..<limit).map { $0 * count / limit }
}
