import Torch

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The fixed positions of tokens: sines and cosines (Vaswani et al. 2017). They are not parameters, and files do not contain
/// them.
public final class TokenPositions {
  /// What the sines and cosines are of.
  public enum Scheme: String, CaseIterable, Sendable {
    /// The token's number among all tokens of a clip, as in VideoMAE. Two tokens that touch can have numbers far apart.
    case number
    /// The token's time, row and column: a third of the features for each. Small networks learn to attend to neighbors
    /// several times sooner.
    case axes
  }

  private let width: Int
  private let scheme: Scheme
  /// The last table: most clips of a network have the same size.
  private var last: (grid: Extent3, table: Tensor)?

  /// Positions of tokens of `width` numbers.
  public init(width: Int, scheme: Scheme) {
    (self.width, self.scheme) = (width, scheme)
  }

  /// The positions of all tokens of a grid, time slowest and column fastest: float32 [tokens, width].
  public func table(_ grid: Extent3, on device: Device) -> Tensor {
    let count = grid.time * grid.height * grid.width
    guard device != .meta else { return .uninitialized([count, width], device: device) }
    if let last, last.grid == grid, last.table.device == device { return last.table }
    let table = Tensor(values(grid), shape: [count, width]).to(device)
    last = (grid, table)
    return table
  }

  /// The positions of the tokens at some places of clips.
  ///
  /// - Parameters:
  ///   - places: the numbers of tokens, int64 [N, K].
  ///   - grid: the tokens of a clip.
  /// - Returns: float32 [N, K, width], on the device of `places`.
  public func rows(at places: Tensor, of grid: Extent3) -> Tensor {
    // libtorch cannot select rows without their numbers.
    guard places.device != .meta else {
      return .uninitialized(places.shape + [width], device: .meta)
    }
    return table(grid, on: places.device)
      .selected(0, indices: places.flattened()).reshaped(places.shape + [-1])
  }

  private func values(_ grid: Extent3) -> [Float] {
    // Of even width, so that each coordinate begins with a sine.
    let third = width / 6 * 2
    let divisors =
      switch scheme {
      case .number: [Self.divisors(width, base: 10_000)]
      // Grids are small: most angles of a larger base would hardly differ within a clip.
      case .axes: [third, third, width - 2 * third].map { Self.divisors($0, base: 100) }
      }
    var values: [Float] = []
    values.reserveCapacity(grid.time * grid.height * grid.width * width)
    for time in 0..<grid.time {
      for row in 0..<grid.height {
        for column in 0..<grid.width {
          let coordinates =
            switch scheme {
            case .number: [(time * grid.height + row) * grid.width + column]
            case .axes: [time, row, column]
            }
          for (coordinate, divisors) in zip(coordinates, divisors) {
            for (place, divisor) in divisors.enumerated() {
              let angle = Double(coordinate) / divisor
              values.append(Float(place % 2 == 0 ? sin(angle) : cos(angle)))
            }
          }
        }
      }
    }
    return values
  }

  /// Element j of `width` is the sine of a coordinate over base^(j / width) for even j, and the cosine of the previous element's
  /// angle for odd j; computed in float64.
  private static func divisors(_ width: Int, base: Double) -> [Double] {
    (0..<width).map { pow(base, Double($0 / 2 * 2) / Double(width)) }
  }
}
