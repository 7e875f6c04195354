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
    /// The same over the steps after the warm-up, which reaches the top in its last step (MAE, VideoMAE).
    case cosineAfterWarmup
    /// Not at all.
    case constant
    /// By the factor at each of these fractions of the run, from 0 to 1.
    case steps(at: [Double], factor: Double)
  }

  /// The learning rate before it falls.
  public let base: Double
  /// The learning rate at the end of a cosine.
  public let minimum: Double
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
    base: Double, minimum: Double = 0, decay: Decay = .cosine, warmupStart: Double,
    warmupSteps: Int, totalSteps: Int
  ) {
    self.base = base
    self.minimum = minimum
    self.decay = decay
    self.warmupStart = warmupStart
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  /// The learning rate of the step with this index, from 0.
  public func rate(at step: Int) -> Double {
    guard step < warmupSteps else { return decayed(step) }
    // The last step of the warm-up is below the top, or at it.
    let intervals = decay == .cosineAfterWarmup ? max(warmupSteps - 1, 1) : warmupSteps
    return warmupStart
      + (decayed(warmupSteps) - warmupStart) * Double(step) / Double(intervals)
  }

  private func decayed(_ step: Int) -> Double {
    switch decay {
    case .cosine: cosine(step, of: totalSteps)
    case .cosineAfterWarmup: cosine(step - warmupSteps, of: totalSteps - warmupSteps)
    case .constant: base
    case .steps(let fractions, let factor):
      fractions.reduce(base) {
        // A milestone is the first step with the lower rate.
        step >= Int(($1 * Double(totalSteps)).rounded()) ? $0 * factor : $0
      }
    }
  }

  private func cosine(_ step: Int, of steps: Int) -> Double {
    minimum
      + (base - minimum) * 0.5 * (1 + cos(.pi * Double(min(step, steps)) / Double(max(steps, 1))))
  }
}
