#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The learning rate at each step: half a period of the cosine over the whole run (Loshchilov and Hutter
/// 2017), with a linear warm-up to the cosine's value at the warm-up's end (the paper's appendix).
public struct CosineSchedule: Sendable, Equatable {
  public let base: Double
  public let warmupStart: Double
  public let warmupSteps: Int
  public let totalSteps: Int

  public init(base: Double, warmupStart: Double, warmupSteps: Int, totalSteps: Int) {
    self.base = base
    self.warmupStart = warmupStart
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  /// The rate for the update after `step` updates, 0 being the first.
  public func rate(at step: Int) -> Double {
    guard step < warmupSteps else { return cosine(step) }
    return warmupStart
      + (cosine(warmupSteps) - warmupStart) * Double(step) / Double(warmupSteps)
  }

  private func cosine(_ step: Int) -> Double {
    base * 0.5 * (1 + cos(.pi * Double(min(step, totalSteps)) / Double(max(totalSteps, 1))))
  }
}
