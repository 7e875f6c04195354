#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The learning rate of each step: a linear warm-up to what the decay gives at its end, and then the decay.
public struct LearningRateSchedule: Sendable, Equatable {
  /// How the learning rate falls over the whole run.
  public enum Decay: Sendable, Equatable {
    /// Half a period of the cosine (Loshchilov and Hutter 2017; the paper's appendix).
    case cosine
    /// Not at all.
    case constant
    /// By the factor at each of these fractions of the run, from 0 to 1.
    case steps(at: [Double], factor: Double)
  }

  /// The learning rate before it falls.
  public let base: Double
  /// How it falls.
  public let decay: Decay
  /// The learning rate of the first step of the warm-up.
  public let warmupStart: Double
  /// The number of steps of the warm-up; 0 for none.
  public let warmupSteps: Int
  /// The number of steps of the run.
  public let totalSteps: Int

  /// A schedule with these values.
  public init(
    base: Double, decay: Decay = .cosine, warmupStart: Double, warmupSteps: Int, totalSteps: Int
  ) {
    self.base = base
    self.decay = decay
    self.warmupStart = warmupStart
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  /// The learning rate of the step with this index, from 0.
  public func rate(at step: Int) -> Double {
    guard step < warmupSteps else { return decayed(step) }
    return warmupStart
      + (decayed(warmupSteps) - warmupStart) * Double(step) / Double(warmupSteps)
  }

  private func decayed(_ step: Int) -> Double {
    switch decay {
    case .cosine:
      base * 0.5 * (1 + cos(.pi * Double(min(step, totalSteps)) / Double(max(totalSteps, 1))))
    case .constant: base
    case .steps(let fractions, let factor):
      fractions.reduce(base) {
        // A milestone is the first step with the lower rate.
        step >= Int(($1 * Double(totalSteps)).rounded()) ? $0 * factor : $0
      }
    }
  }
}
