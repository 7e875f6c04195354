import ArgumentParser
import Training

/// What a training keeps in memory.
struct ActivationOptions: ParsableArguments {
  @Flag(
    help:
      "Activation checkpointing: keep the outputs of the network's stages only, and compute the rest again for the gradients. "
      + "Needs about half of the memory and a quarter more time; results are the same.")
  var checkpointActivations = false

  /// `execution` with these options.
  func applied(to execution: ExecutionOptions) -> ExecutionOptions {
    var execution = execution
    execution.checkpointsActivations = checkpointActivations
    return execution
  }
}
