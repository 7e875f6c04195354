/// Measures the duration of steps, and the part of it that is spent waiting for data.
struct StepClock {
  private var begun = ContinuousClock.now
  private var data = Duration.zero

  /// The seconds of this step so far that were spent waiting for data.
  var dataSeconds: Double { data.seconds }

  /// Runs `body` and counts its time as waiting for data.
  mutating func waiting<Result>(_ body: () throws -> Result) rethrows -> Result {
    let start = ContinuousClock.now
    defer { data += .now - start }
    return try body()
  }

  /// Ends a step and starts the next. Returns its seconds, and how many of them were spent waiting for data.
  mutating func lap() -> (seconds: Double, dataSeconds: Double) {
    let now = ContinuousClock.now
    defer { (begun, data) = (now, .zero) }
    return ((now - begun).seconds, data.seconds)
  }

  /// Discards the time since the last lap.
  mutating func skip() { (begun, data) = (.now, .zero) }
}
