import ArgumentParser

/// Memory for decoded videos, as an option that trainings on videos share.
struct CacheOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Megabytes of memory for decoded videos: small datasets are then decoded once.",
      valueName: "MB"))
  var cache = 0

  var bytes: Int { cache << 20 }

  func validate() throws {
    if !(0...1_000_000).contains(cache) {
      throw ValidationError("--cache must be from 0 to 1000000 megabytes, not \(cache)")
    }
  }
}
