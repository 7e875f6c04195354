import ArgumentParser
import Training

/// What a training keeps in memory.
struct ActivationOptions: ParsableArguments {
  @Flag(
    help: ArgumentHelp(
      "Activation checkpointing: keep only the outputs of the network's stages, and compute the rest again for the "
        + "gradients. Less memory, more time, the same results."))
  var checkpointActivations = false

  /// `execution` with these options.
  func applied(to execution: ExecutionOptions) -> ExecutionOptions {
    var execution = execution
    execution.checkpointsActivations = checkpointActivations
    return execution
  }
}
