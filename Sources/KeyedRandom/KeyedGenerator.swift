/// A random generator whose stream is named by a key, never by what was drawn before.
///
/// Every draw of this package comes from a generator made on the spot from what the draw is for: the
/// run's seed, the epoch, the sample's index, the purpose. The same sample therefore sees the same
/// numbers on one thread or eight, in a run that was stopped and resumed, and in a batch of any size.
///
/// The stream is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014): a 64-bit counter and a mixing function. The helpers below are defined here and not
/// taken from the standard library, so that a stream means the same numbers in every Swift version.
public struct KeyedGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator for the stream named by `key`: the same key gives the same stream, and keys that
  /// differ in any component, or in their number of components, give unrelated ones.
  public init(_ key: UInt64...) {
    self.init(key: key)
  }

  /// A generator for the stream named by the components of `key`.
  public init(key: [UInt64]) {
    state = key.reduce(mix(UInt64(key.count))) { mix($0 &+ increment ^ mix($1 &+ increment)) }
  }

  public mutating func next() -> UInt64 {
    state &+= increment
    return mix(state)
  }

  /// A number uniform in [0, 1), a multiple of 2^-53.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A number uniform in `range`; the upper bound itself comes only from rounding, or where the range is one point.
  public mutating func uniform(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// An integer uniform in 0 ..< `bound`, without bias (Lemire's multiplication with rejection).
  public mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0, "integer(below:) needs a positive bound, not \(bound)")
    let bound = UInt64(bound)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// True with the probability `p` (0 never, 1 always).
  public mutating func chance(_ p: Double) -> Bool {
    uniform() < p
  }

  /// A number from the standard normal distribution (Box-Muller).
  public mutating func normal() -> Double {
    let radius = (-2 * logarithm(1 - uniform())).squareRoot()
    return radius * cosine(2 * .pi * uniform())
  }

  /// A unit vector of uniform direction.
  public mutating func direction() -> SIMD2<Double> { direction { $0.uniform(in: -1...1) } }

  /// A unit vector of uniform direction, made of numbers that `draw` draws uniformly from -1...1.
  @inlinable
  public mutating func direction<Scalar: BinaryFloatingPoint & SIMDScalar>(
    drawing draw: (inout KeyedGenerator) -> Scalar
  ) -> SIMD2<Scalar> {
    // Of square roots alone, as sines would not have the same bits on every machine.
    while true {
      let (x, y) = (draw(&self), draw(&self))
      let point = SIMD2(x, y)
      let square = (point * point).sum()
      if square > 0.01, square <= 1 { return point / square.squareRoot() }
    }
  }

  /// A uniform permutation of 0 ..< `count` (Fisher-Yates).
  public mutating func permutation(of count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, integer(below: last + 1))
    }
    return order
  }
}

private let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

private func mix(_ value: UInt64) -> UInt64 {
  var z = value
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}
