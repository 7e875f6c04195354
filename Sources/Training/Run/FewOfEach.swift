import KeyedRandom

/// Draws at most `count` indices from each group; returns them in ascending order.
///
/// For the same group and key, a smaller `count` draws a subset of what a larger one draws. The draw from a group does
/// not depend on the other groups.
///
/// - Parameters:
///   - groups: disjoint groups of indices.
///   - key: the key of the draw; the index of the group is appended to it.
func few(_ count: Int, ofEach groups: [[Int]], key: [UInt64]) -> [Int] {
  groups.enumerated().flatMap { place, members in
    var generator = KeyedGenerator(key: key + [UInt64(place)])
    return generator.permutation(of: members.count).prefix(count).map { members[$0] }
  }.sorted()
}
