import VideoSamples

/// A set of procedural pictures or videos, by its name: `synthetic:dead-leaves:N` or `synthetic:LEVEL[:N][:seed=S][:redrawn]`
/// `[:from=PATH]`.
struct SyntheticSet {
  let count: Int
  /// The level of videos; nil for dead leaves.
  private let level: ShapeVideo.Level?
  private var seed = 0
  private var isRedrawn = false
  /// The path of the pictures that the videos show; nil for none.
  private(set) var pictures: String?

  /// - Throws: ``SourceError/malformedSynthetic(name:)``.
  init(_ name: String) throws {
    let malformed = SourceError.malformedSynthetic(name: name)
    var rest = name.dropFirst("synthetic:".count)
    // A path may contain colons, so it is the last.
    if let start = rest.firstRange(of: ":from=") {
      pictures = String(rest[start.upperBound...])
      rest = rest[..<start.lowerBound]
    }
    var parts = rest.split(separator: ":", omittingEmptySubsequences: false)
    let kind = String(parts.removeFirst())
    var count: Int?
    if let first = parts.first, let number = Int(first) {
      count = number
      parts.removeFirst()
    }
    if kind == "dead-leaves" {
      guard parts.isEmpty, pictures == nil, let count else { throw malformed }
      (level, self.count) = (nil, count)
    } else {
      guard let level = ShapeVideo.Level(rawValue: kind) else { throw malformed }
      for part in parts {
        if part == "redrawn" {
          isRedrawn = true
        } else if part.hasPrefix("seed="), let seed = Int(part.dropFirst(5)), seed >= 0 {
          self.seed = seed
        } else {
          throw malformed
        }
      }
      guard (pictures?.isEmpty == false) == (level == .pictureShapes) else { throw malformed }
      (self.level, self.count) = (level, count ?? ShapeVideo.defaultCount)
    }
    guard (1...maximalSynthetic).contains(self.count) else { throw malformed }
  }

  /// The source with this index, from 0.
  func source(_ index: Int) -> VideoSource {
    guard let level else { return .deadLeaves(index: index) }
    return .shapes(
      ShapeVideo(level, index: index, seed: seed, isRedrawn: isRedrawn, pictures: pictures))
  }
}

/// The maximum number of synthetic sources; an epoch's order of this many still fits into memory.
let maximalSynthetic = 10_000_000
