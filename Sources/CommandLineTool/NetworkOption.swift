import ArgumentParser
import Training

/// The network that a command uses.
struct NetworkOption: ParsableArguments {
  @Option(help: ArgumentHelp("A run's folder or a checkpoint.", valueName: "run|file"))
  var weights: String

  /// Reads the weights. Warns if the network gives no useful features.
  ///
  /// - Throws: the errors of `Weights`.
  func read() throws -> Weights {
    let weights = try Weights(at: self.weights)
    weights.warnOfMissingStatistics()
    return weights
  }
}

extension Weights {
  /// Warns if batch normalization has only the statistics of a new network.
  func warnOfMissingStatistics() {
    guard lacksStatistics else { return }
    Terminal.warn(
      "\(path) has no running statistics of batch normalization: means of 0 and variances of 1 are taken, "
        + "with which features are of no use; fine-tune the network first (mosi finetune)")
  }
}
