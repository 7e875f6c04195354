import Torch

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The fixed positions of tokens: sines and cosines of the token's number (Vaswani et al. 2017), which counts all tokens of a
/// clip, not time and place apart, as in VideoMAE. They are not parameters, and files do not contain them.
public final class TokenPositions {
  private let width: Int
  /// The last table: most clips of a network have the same size.
  private var last: Tensor?

  /// Positions of tokens of `width` numbers.
  public init(width: Int) { self.width = width }

  /// The positions of `count` tokens, float32 [count, width].
  public func table(_ count: Int, on device: Device) -> Tensor {
    guard device != .meta else { return .uninitialized([count, width], device: device) }
    if let last, last.shape[0] == count, last.device == device { return last }
    let table = Tensor(Self.values(count, width: width), shape: [count, width]).to(device)
    last = table
    return table
  }

  /// The positions of the tokens at some places of clips.
  ///
  /// - Parameters:
  ///   - places: the numbers of tokens, int64 [N, K].
  ///   - count: the number of all tokens of a clip.
  /// - Returns: float32 [N, K, width], on the device of `places`.
  public func rows(at places: Tensor, of count: Int) -> Tensor {
    // libtorch cannot select rows without their numbers.
    guard places.device != .meta else {
      return .uninitialized(places.shape + [width], device: .meta)
    }
    return table(count, on: places.device)
      .selected(0, indices: places.flattened()).reshaped(places.shape + [-1])
  }

  /// Element j of token p is sin(p / 10000^(j / width)) for even j, and the cosine of the previous element's angle for odd j;
  /// computed in float64.
  private static func values(_ count: Int, width: Int) -> [Float] {
    let divisors = (0..<width).map { pow(10_000, Double($0 / 2 * 2) / Double(width)) }
    return (0..<count).flatMap { token in
      divisors.enumerated().map { place, divisor in
        let angle = Double(token) / divisor
        return Float(place % 2 == 0 ? sin(angle) : cos(angle))
      }
    }
  }
}
