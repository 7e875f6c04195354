import SafeFiles

/// The reason why a shard cannot be read or written: one sentence that names the file.
public struct ShardError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The shard.
  public let path: String
  /// What is wrong with it: the predicate of a sentence whose subject is the path.
  public let problem: String

  /// Describes a problem.
  ///
  /// - Parameters:
  ///   - path: the shard.
  ///   - problem: the predicate of a sentence whose subject is the shard.
  public init(_ path: String, _ problem: String) {
    self.path = path
    self.problem = problem
  }

  public var description: String { "\(path) \(problem)" }
}

/// Something about a shard that its owner should know. The shard is used, but not all of it.
public struct ShardRemark: Hashable, Codable, Sendable {
  /// What was noticed.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// Links, devices and pipes.
    case notFiles
    /// Sparse files, whose bytes do not lie in one piece.
    case sparse
    /// Names that are absolute, lead out of the folder, are too long or would steer a terminal.
    case unsafeNames
    /// The archive ends within a member.
    case cutOff
    /// There is no valid header where one must be.
    case damaged
  }

  /// What is odd about the member.
  public let kind: Kind
  /// The number of members that are skipped; for ``Kind/cutOff`` and ``Kind/damaged`` 1, as nobody knows how many are missing.
  public var count: Int
  /// The first of these members, or where the damage is.
  public let first: String

  /// One sentence about the shard at `path`.
  public func sentence(_ path: String) -> String {
    let members = "\(Format.count(count, "member")) skipped"
    let text =
      switch kind {
      case .notFiles: "\(members): links and devices are not read (the first: \(first))"
      case .sparse: "\(members): sparse files are not read (the first: \(first))"
      case .unsafeNames:
        "\(members): names must be relative, without .. and at most \(TarHeader.longestName) bytes long (the first: \(first))"
      case .cutOff: "it is cut off in \(first); the members before it are used"
      case .damaged: "it is damaged at \(first); the members before it are used"
      }
    return "\(path): \(text)".printable
  }
}
