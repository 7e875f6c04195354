import ArgumentParser

/// The class whose Grad-CAM is computed: the value of `--explain`.
enum ExplainedClass: ExpressibleByArgument, Equatable {
  /// The class that the network predicts.
  case predicted
  /// The true class.
  case target
  /// The class with this index, from 0.
  case number(Int)

  init?(argument: String) {
    switch argument {
    case "predicted": self = .predicted
    // In earlier versions the name was "true".
    case "target", "true": self = .target
    default:
      guard let number = Int(argument) else { return nil }
      self = .number(number)
    }
  }
}
