/// Measures steps, and apart from that the time in which they wait for data.
struct StepClock {
  private var begun = ContinuousClock.now
  private var data = Duration.zero

  /// Runs `body`, whose time is that of waiting for data.
  mutating func waiting<Result>(_ body: () throws -> Result) rethrows -> Result {
    let start = ContinuousClock.now
    defer { data += .now - start }
    return try body()
  }

  /// The seconds of the step that ends now, those of waiting for data among them; the next one begins.
  mutating func lap() -> (seconds: Double, dataSeconds: Double) {
    let now = ContinuousClock.now
    defer { (begun, data) = (now, .zero) }
    return ((now - begun).seconds, data.seconds)
  }

  /// Leaves out what has passed since the last lap.
  mutating func skip() { (begun, data) = (.now, .zero) }
}
