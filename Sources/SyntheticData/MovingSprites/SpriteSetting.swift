import Foundation

/// A setting of Moving Sprites: what tells its classes apart. Results of different settings or versions cannot be compared.
public enum SpriteSetting: String, CaseIterable, Sendable, Codable {
  /// All classes look alike; only motion distinguishes them.
  case plain
  /// Each of five looks of ground and sprite is typical of three classes, which only motion tells apart: see
  /// ``SpriteLook``.
  case looks

  /// The version: it rises if the same seed gives other videos or labels.
  public var version: Int { 1 }

  /// The name with the version, such as `looks-1`.
  public var label: String { "\(rawValue)-\(version)" }

  /// The setting with which a folder was made: the column `sprites` of its annotations, ``plain`` if there is none.
  ///
  /// - Parameter folder: a folder that ``SpriteDataset/write(to:progress:)`` made.
  /// - Throws: ``UnknownSpriteSetting`` if another version of mosi made the folder.
  public init(ofFolder folder: String) throws(UnknownSpriteSetting) {
    let path = "\(folder)/\(SpriteDataset.annotations)"
    // The first two lines suffice; a file that somebody else wrote may be of any length.
    let head = FileHandle(forReadingAtPath: path).flatMap { try? $0.read(upToCount: 1 << 12) }
    let lines = String(decoding: head ?? Data(), as: UTF8.self).split(separator: "\n").prefix(2)
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    guard lines.count == 2, let column = lines[0].firstIndex(of: "sprites"),
      lines[1].indices.contains(column)
    else {
      self = .plain
      return
    }
    guard let setting = Self.allCases.first(where: { $0.label == lines[1][column] }) else {
      throw UnknownSpriteSetting(path: path, label: lines[1][column])
    }
    self = setting
  }
}

/// The error if Moving Sprites were made with a setting or version that this version of mosi does not know.
public struct UnknownSpriteSetting: Error, Sendable, CustomStringConvertible {
  /// The path of the annotations.
  public let path: String
  /// The setting and version that they name.
  public let label: String

  public var description: String {
    let known = SpriteSetting.allCases.map(\.label).joined(separator: ", ")
    return
      "\(path) names the Moving Sprites \(label), but this version of mosi knows \(known): make them again"
  }
}
