import ArgumentParser

/// Memory for decoded videos.
struct CacheOptions: ParsableArguments {
  @Option(
    name: .customLong("cache-mb"),
    help: ArgumentHelp(
      "Megabytes of memory for decoded videos, so that small datasets are decoded only once. Default: 0.",
      valueName: "MB"))
  var cache: Int?

  @Option(name: .customLong("cache"), help: .hidden)
  var oldCache: Int?

  /// The memory in bytes.
  ///
  /// - Throws: `ValidationError` for an invalid size.
  var bytes: Int {
    get throws {
      let megabytes = try renamed("--cache-mb", cache, from: "--cache", oldCache) ?? 0
      guard (0...1_000_000).contains(megabytes) else {
        throw ValidationError("--cache-mb must be from 0 to 1000000, not \(megabytes)")
      }
      return megabytes << 20
    }
  }

  func validate() throws { _ = try bytes }
}
