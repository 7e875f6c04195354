/// A random number generator whose stream is determined by a key, and never by earlier draws.
///
/// Each random draw in this package comes from a generator that is made for its purpose: from the run's seed, the epoch,
/// the index of the sample, and so on. The same sample therefore gets the same numbers with one thread or eight, in a
/// resumed run, and in a batch of any size.
///
/// The stream is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): a
/// 64-bit counter and a mixing function. The methods below do not use the standard library's distributions, so that a
/// stream gives the same numbers in every Swift version.
public struct KeyedGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator with the key `key`. Equal keys give equal streams; keys with different components or a different number
  /// of components give unrelated streams.
  public init(_ key: UInt64...) {
    self.init(key: key)
  }

  /// A generator with the components of `key` as its key.
  public init(key: [UInt64]) {
    state = key.reduce(mix(UInt64(key.count))) { mix($0 &+ increment ^ mix($1 &+ increment)) }
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= increment
    return mix(state)
  }

  /// A uniform number in [0, 1), a multiple of 2^-53.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A uniform number in `range`. It equals the upper bound only by rounding, or if the range is a single number.
  public mutating func uniform(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// A uniform integer in 0 ..< `bound`, without bias (Lemire's multiplication with rejection).
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

  /// True with probability `p` (0 never, 1 always).
  public mutating func chance(_ p: Double) -> Bool {
    uniform() < p
  }

  /// A standard normal number (Box-Muller).
  public mutating func normal() -> Double {
    let radius = (-2 * logarithm(1 - uniform())).squareRoot()
    return radius * cosine(2 * .pi * uniform())
  }

  /// A unit vector in a uniformly random direction.
  public mutating func direction() -> SIMD2<Double> { direction { $0.uniform(in: -1...1) } }

  /// A unit vector in a uniformly random direction, computed from uniform numbers in -1...1 that `draw` returns.
  @inlinable
  public mutating func direction<Scalar: BinaryFloatingPoint & SIMDScalar>(
    drawing draw: (inout KeyedGenerator) -> Scalar
  ) -> SIMD2<Scalar> {
    // Use only square roots: sines do not have the same bits on every machine.
    while true {
      let (x, y) = (draw(&self), draw(&self))
      let point = SIMD2(x, y)
      let square = (point * point).sum()
      if square > 0.01, square <= 1 { return point / square.squareRoot() }
    }
  }

  /// A uniformly random permutation of 0 ..< `count` (Fisher-Yates).
  public mutating func permutation(of count: Int) -> [Int] {
    permutation(of: count, as: Int.self)
  }

  /// The same permutation in another type, which must be able to hold `count`: `UInt32` takes less memory for millions.
  @inlinable
  public mutating func permutation<Number: FixedWidthInteger>(of count: Int, as type: Number.Type)
    -> [Number]
  {
    var order = [Number](0..<Number(count))
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
