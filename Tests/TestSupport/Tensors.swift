import KeyedRandom
import Torch

/// A tensor in the format of the scripts that make goldens.
public struct GoldenTensor: Decodable, Sendable {
  public let shape: [Int]
  public let dtype: String?
  public let values: [Double]
}

extension Tensor {
  /// Uniform float32 numbers in the range from the stream with the key `key`, like `tensor` of keyed_random.py.
  public static func keyed(
    _ key: UInt64..., shape: [Int], in range: ClosedRange<Double> = -1...1
  ) -> Tensor {
    keyed(key: key, shape: shape, in: range)
  }

  public static func keyed(key: [UInt64], shape: [Int], in range: ClosedRange<Double> = -1...1)
    -> Tensor
  {
    var generator = KeyedGenerator(key: key)
    let count = shape.reduce(1, *)
    return Tensor((0..<count).map { _ in Float(generator.uniform(in: range)) }, shape: shape)
  }

  public var doubles: [Double] { to(.float64).array() }

  /// The maximum difference from the golden's values, divided by the maximum of 1 and the value.
  public func difference(to golden: GoldenTensor) -> Double {
    guard shape == golden.shape else { return .infinity }
    return zip(doubles, golden.values).map { abs($0 - $1) / Swift.max(1, abs($1)) }.max() ?? 0
  }

  /// The norm of the difference divided by the golden's norm.
  public func relativeDifference(to golden: GoldenTensor) -> Double {
    guard shape == golden.shape else { return .infinity }
    let difference = zip(doubles, golden.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (difference / golden.values.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }
}

/// The maximum difference of elements, in float64; infinite if the shapes differ.
public func difference(_ a: Tensor, _ b: Tensor) -> Double {
  guard a.shape == b.shape else { return .infinity }
  return (a.detached().to(.float64) - b.detached().to(.float64)).absolute().flattened().max([0])
    .item
}

/// The norm of the difference divided by the norm of `expected`, in float64; infinite if the shapes differ.
public func relativeDifference(_ tensor: Tensor, _ expected: Tensor) -> Double {
  guard tensor.shape == expected.shape else { return .infinity }
  let expected = expected.detached().to(.float64)
  return (tensor.detached().to(.float64) - expected).norm / expected.norm
}

/// The maximum difference of numbers at the same index; infinite if there are none.
public func difference(_ a: [Double], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
}

extension Module {
  /// Computes in float64 from now on.
  public func useFloat64() {
    for (_, tensor) in state where tensor.dtype == .float32 {
      tensor.gradient = nil
      tensor.setData(tensor.detached().to(.float64))
    }
  }
}
