#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The learning rate of each step: half a period of the cosine over the whole run (Loshchilov and Hutter 2017), with a
/// linear warm-up to the cosine's value at the end of the warm-up (the paper's appendix).
public struct CosineSchedule: Sendable, Equatable {
  /// The learning rate at the top of the cosine.
  public let base: Double
  /// The learning rate of the first step of the warm-up.
  public let warmupStart: Double
  /// The number of steps of the warm-up; 0 for none.
  public let warmupSteps: Int
  /// The number of steps of the run.
  public let totalSteps: Int

  /// A schedule with these values.
  public init(base: Double, warmupStart: Double, warmupSteps: Int, totalSteps: Int) {
    self.base = base
    self.warmupStart = warmupStart
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  /// The learning rate of the step with this index, from 0.
  public func rate(at step: Int) -> Double {
    guard step < warmupSteps else { return cosine(step) }
    return warmupStart
      + (cosine(warmupSteps) - warmupStart) * Double(step) / Double(warmupSteps)
  }

  private func cosine(_ step: Int) -> Double {
    base * 0.5 * (1 + cos(.pi * Double(min(step, totalSteps)) / Double(max(totalSteps, 1))))
  }
}
