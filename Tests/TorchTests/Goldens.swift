import Foundation
import KeyedRandom
import Torch

/// A tensor as make_goldens.py writes it.
struct Golden: Decodable, Sendable {
  let shape: [Int]
  let dtype: String?
  let values: [Double]
}

/// The content of a file of Goldens.
func golden<Content: Decodable>(_ name: String, as type: Content.Type = Content.self) throws
  -> Content
{
  let url = Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Goldens")!
  return try JSONDecoder().decode(Content.self, from: Data(contentsOf: url))
}

/// The text of a file of Goldens.
func golden(_ name: String, _ ending: String) throws -> String {
  let url = Bundle.module.url(forResource: name, withExtension: ending, subdirectory: "Goldens")!
  return try String(contentsOf: url, encoding: .utf8)
}

extension Tensor {
  /// float32 numbers uniform in the range from the stream named by `key`: what `tensor` of keyed_random.py makes.
  static func keyed(_ key: UInt64..., shape: [Int], in range: ClosedRange<Double> = -1...1)
    -> Tensor
  {
    var generator = KeyedGenerator(key: key)
    let count = shape.reduce(1, *)
    return Tensor((0..<count).map { _ in Float(generator.uniform(in: range)) }, shape: shape)
  }

  var doubles: [Double] { to(.float64).array() }

  /// The greatest difference to the golden's values, over the greatest of 1 and the value.
  func difference(to golden: Golden) -> Double {
    guard shape == golden.shape else { return .infinity }
    return zip(doubles, golden.values).map { abs($0 - $1) / Swift.max(1, abs($1)) }.max() ?? 0
  }

  /// The norm of the difference over the golden's norm.
  func relativeDifference(to golden: Golden) -> Double {
    guard shape == golden.shape else { return .infinity }
    let difference = zip(doubles, golden.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (difference / golden.values.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }
}
