import ArgumentParser

/// The network that a command uses.
struct NetworkOption: ParsableArguments {
  @Option(help: ArgumentHelp("A run's folder or a checkpoint.", valueName: "run|file"))
  var weights: String
}
