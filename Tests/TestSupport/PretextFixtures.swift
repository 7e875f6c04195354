import Foundation
import Torch

/// What researchers' code computed for the systems that MoSI is compared with, and for VideoMAE: ../shared/fixtures, whose
/// READMEs have the rule by which weights and inputs follow from their names.
public struct PretextFixtures {
  /// A folder of fixtures.
  public enum Folder: String, Sendable {
    case pretextTasks = "pretext-tasks"
    case videoMAE = "videomae"

    /// True if the files exist.
    public var exists: Bool { shared("fixtures/\(rawValue)") != nil }
    /// The reason for which tests are skipped without the files.
    public var absence: String { "needs the numbers of ../shared/fixtures/\(rawValue)" }
  }

  /// True if the files exist.
  public static let exist = Folder.pretextTasks.exists
  /// The reason for which tests are skipped without the files.
  public static let absence = Folder.pretextTasks.absence

  private let tensors: [String: Tensor]
  private let tolerances: [String: Double]

  /// The numbers in `name`.safetensors.
  public init(_ name: String, in folder: Folder = .pretextTasks) throws {
    struct Tolerance: Decodable {
      let suggested: Double?
      enum CodingKeys: String, CodingKey { case suggested = "suggested_tolerance" }
    }
    tensors = try Safetensors(contentsOf: Self.path("\(name).safetensors", in: folder)).tensors
    let all = try Self.json("tolerance.json", [String: [String: Tolerance]].self, in: folder)
    tolerances = all[name, default: [:]].compactMapValues(\.suggested)
  }

  /// The keys that begin with `prefix`.
  public func keys(_ prefix: String) -> [String] {
    tensors.keys.filter { $0.hasPrefix(prefix) }.sorted()
  }

  /// The tensor `key`.
  public func tensor(_ key: String) throws -> Tensor {
    guard let tensor = tensors[key] else { throw Missing(key: key) }
    return tensor
  }

  /// The largest difference from the tensor `key`, divided by its suggested tolerance.
  public func deviation(_ found: Tensor, _ key: String) throws -> Double {
    let expected = try tensor(key)
    guard let tolerance = tolerances[key], found.count == expected.count else {
      throw Missing(key: key)
    }
    let difference =
      found.detached().to(.float64).flattened() - expected.to(.float64).flattened()
    return difference.absolute().max([0]).item / tolerance
  }

  struct Missing: Error { let key: String }

  /// The path of a file.
  public static func path(_ name: String, in folder: Folder = .pretextTasks) -> String {
    shared("fixtures/\(folder.rawValue)/\(name)") ?? name
  }

  /// The content of a JSON file.
  public static func json<Value: Decodable>(
    _ name: String, _: Value.Type, in folder: Folder = .pretextTasks
  ) throws -> Value {
    let file = URL(fileURLWithPath: path(name, in: folder))
    return try JSONDecoder().decode(Value.self, from: Data(contentsOf: file))
  }

  /// All tensors of an official state dict, as listed in `name`.names.txt. A second name of a tensor is left out.
  ///
  /// - Parameter filledAs: the name whose hash a tensor is filled by; its own by default.
  public static func state(
    _ name: String, in folder: Folder = .pretextTasks, filledAs: (String) -> String = { $0 }
  ) throws -> [String: Tensor] {
    let lines = try String(contentsOfFile: path("\(name).names.txt", in: folder), encoding: .utf8)
      .split(separator: "\n").filter { !$0.contains(" same-as ") }
    return Dictionary(
      uniqueKeysWithValues: lines.map { line in
        // conv1.weight [64, 3, 3, 3, 3] weight
        let words = line.split(whereSeparator: { " [],".contains($0) }).map(String.init)
        let shape = words.dropFirst().dropLast().map { Int($0)! }
        return (words[0], FillRule(name: filledAs(words[0])).tensor(shape, kind: words.last!))
      })
  }

  /// The input of this shape.
  public static func input(_ shape: [Int]) -> Tensor {
    FillRule(name: "input").tensor(shape, kind: "-")
  }

  /// The elements of a tensor that the fixtures store of a layer's output.
  public static func sample(_ tensor: Tensor, most: Int = 2048) -> Tensor {
    let count = tensor.count
    let places = Tensor((0..<min(count, most)).map { $0 * 7919 % count })
    return tensor.detached().contiguous().flattened().selected(0, indices: places)
  }
}

/// Numbers that follow from a name: splitmix64, seeded with the name's 64-bit FNV-1a hash.
public struct FillRule {
  private let seed: UInt64

  public init(name: String) {
    seed = name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  public func output(_ index: Int) -> UInt64 {
    var z = seed &+ UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// - Parameter kind: as in the fixtures' lists of names; "-" for inputs.
  public func tensor(_ shape: [Int], kind: String) -> Tensor {
    if kind == "count" { return .zeros(shape, dtype: .int64) }
    let bound = (3 / Double(shape.dropFirst().reduce(1, *))).squareRoot()
    let value: (Double) -> Double =
      switch kind {
      case "weight": { (2 * $0 - 1) * bound }
      case "bias", "bn-mean": { (2 * $0 - 1) * 0.1 }
      case "bn-bias", "ln-bias": { (2 * $0 - 1) * 0.2 }
      case "bn-weight", "bn-var", "ln-weight": { 0.5 + $0 }
      default: { (2 * $0 - 1) * 2 }
      }
    let values = (0..<shape.reduce(1, *)).map { Float(value(Double(output($0) >> 11) * 0x1p-53)) }
    return Tensor(values, shape: shape)
  }
}
