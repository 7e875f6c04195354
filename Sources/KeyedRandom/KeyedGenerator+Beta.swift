extension KeyedGenerator {
  /// A number in 0...1 with the symmetric beta distribution of parameter `alpha`, which is positive: uniform for 1,
  /// mostly near 0 and 1 for small values, mostly near 1/2 for large ones.
  ///
  /// It is the share of one of two gamma numbers in their sum.
  public mutating func beta(_ alpha: Double) -> Double {
    precondition(alpha > 0, "a beta distribution needs a positive parameter, not \(alpha)")
    let difference = logarithmOfGamma(alpha) - logarithmOfGamma(alpha)
    return 1 / (1 + exponential(difference))
  }

  /// The logarithm of a number with the gamma distribution of parameter `shape` (Marsaglia and Tsang, "A simple method for
  /// generating gamma variables", 2000). For small parameters the number itself would often be rounded to 0.
  private mutating func logarithmOfGamma(_ shape: Double) -> Double {
    if shape < 1 {
      return logarithmOfGamma(shape + 1) + logarithm(1 - uniform()) / shape
    }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let root = 1 + c * x
      guard root > 0 else { continue }
      let v = root * root * root
      if logarithm(1 - uniform()) < x * x / 2 + d - d * v + d * logarithm(v) {
        return logarithm(d * v)
      }
    }
  }
}
