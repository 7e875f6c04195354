import KeyedRandom
import SafeFiles

/// The names of packed sources: their paths below the folder that all of them lie in.
///
/// What belongs to one sample has one key, as WebDataset reads names: all up to the first dot behind the last slash. Keys are
/// therefore without dots, and unique.
final class MemberNames {
  /// The folders that all paths have in common.
  private let common: [Substring]
  /// Hashes of the keys in use.
  private var used: Set<UInt64> = []

  init(_ paths: some Sequence<String>) {
    var common: [Substring]?
    for path in paths {
      let folders = path.split(separator: "/").dropLast()
      guard let known = common else {
        common = Array(folders)
        continue
      }
      let count = zip(known, folders).prefix { $0 == $1 }.count
      if count < known.count { common = Array(known[..<count]) }
    }
    self.common = common ?? []
  }

  /// A new key for the source at `path`, one of those that the names were made of.
  func key(of path: String) -> String {
    let parts = path.split(separator: "/").dropFirst(common.count)
    let folders = parts.dropLast().filter { $0 != "." && $0 != ".." }.map(visible)
    let stem = PathParts(String(parts.last ?? "")).stem
    let name = String(String.UnicodeScalarView(stem.unicodeScalars.map { $0 == "." ? "_" : $0 }))
    let wanted = clean((folders + [name]).joined(separator: "/"))
    var key = wanted
    var number = 2
    while !used.insert(hash(key)).inserted {
      key = "\(wanted)-\(number)"
      number += 1
    }
    return key
  }

  /// What follows the last dot of the name.
  func ending(of path: String) -> String { clean(PathParts(path).ending) }

  /// A folder's name that does not hide it.
  private func visible(_ name: Substring) -> String {
    name.hasPrefix(".") ? "_" + name.dropFirst() : String(name)
  }

  /// `name` without what would steer a terminal.
  private func clean(_ name: String) -> String {
    guard name.hasControlCharacters else { return name }
    return String(
      String.UnicodeScalarView(
        name.unicodeScalars.map { String($0).hasControlCharacters ? "_" : $0 }))
  }

  private func hash(_ key: String) -> UInt64 {
    var hash = FNV1a()
    hash.add(key.utf8)
    return hash.value
  }
}
