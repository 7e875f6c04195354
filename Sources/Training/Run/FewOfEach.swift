import KeyedRandom

/// At most `count` indices out of each group, in the indices' order.
///
/// Of one group and key a smaller `count` draws a part of what a larger one does, and what is drawn of a group does not
/// depend on what the others hold.
///
/// - Parameters:
///   - groups: indices that no other group has.
///   - key: of the draw; the group's place is added to it.
func few(_ count: Int, ofEach groups: [[Int]], key: [UInt64]) -> [Int] {
  groups.enumerated().flatMap { place, members in
    var generator = KeyedGenerator(key: key + [UInt64(place)])
    return generator.permutation(of: members.count).prefix(count).map { members[$0] }
  }.sorted()
}
