import ArgumentParser

/// The seed of a command's random draws.
struct SeedOption: ParsableArguments {
  @Option(help: ArgumentHelp("Random seed. Default: 0.", valueName: "number"))
  var seed: Int?

  var value: Int { seed ?? 0 }

  func validate() throws {
    if let seed, seed < 0 { throw ValidationError("--seed must not be negative") }
  }
}
