/// The unit vectors at `count` equally spaced angles, from (1, 0) toward (0, 1).
///
/// They are computed by halving the right angle with square roots only, so that all machines get the same bits.
///
/// - Parameter count: a power of two, at least 4.
public func unitCircle(_ count: Int) -> [SIMD2<Double>] {
  precondition(
    count >= 4 && count & (count - 1) == 0, "unitCircle needs a power of two from 4, not \(count)")
  var cosine = 0.0
  for _ in 0..<(count / 4).trailingZeroBitCount { cosine = ((1 + cosine) / 2).squareRoot() }
  let sine = (1 - cosine * cosine).squareRoot()
  var point = SIMD2(1.0, 0.0)
  return (0..<count).map { _ in
    defer {
      point = [point.x * cosine - point.y * sine, point.x * sine + point.y * cosine]
    }
    return point
  }
}
