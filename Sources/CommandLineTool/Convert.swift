import ArgumentParser
import SafeFiles
import Training

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes weights for another program, or for mosi.",
    discussion: """
      The ending of OUT decides the form: .safetensors, or .pth (.pt, .pyth), which \
      torch.load(OUT, weights_only=True) opens. Architecture, classes, label pool, normalization, the recipe of the \
      training and the version go with the tensors as metadata; mosi inspect shows them.

        --to mosi         the weights as they are: for mosi on another machine, or as a state dict for PyTorch
        --to authors      for the code of the paper's authors: a .pth holds epoch, model_state and cfg
        --to torchvision  for torchvision.models.video: r3d-18, mc3-18, r2plus1d-18-torchvision
        --to vcop         for the code of VCOP: c3d

      The authors' batch normalizations have an epsilon of 0.001, torchvision's and VCOP's of 0.00001. Weights of another \
      epsilon get scales that make up for it: in evaluation the outputs stay the same.

      From a run, the last checkpoint is taken, and if a moving average of the weights was kept, the average. The recipe is \
      the whole configuration, with the paths of the machine that it ran on. What a pretext task has beside the network and \
      its head goes to mosi alone.

      Examples:
        mosi convert run backbone.pth --to mosi --backbone-only
        mosi convert released.pyth weights.safetensors --to mosi
      """)

  @Argument(help: ArgumentHelp("A run's folder, a checkpoint or a state dict.", valueName: "in"))
  var input: String

  @Argument(help: ArgumentHelp("The file to write.", valueName: "out"))
  var output: String

  @Option(help: ArgumentHelp("mosi, authors, torchvision or vcop.", valueName: "program"))
  var to: WeightsLayout

  @Flag(help: "Leave the head out.")
  var backboneOnly = false

  func run() throws {
    let weights = try Weights(at: input)
    let isScaled = try weights.write(to: output, as: to, backboneOnly: backboneOnly)
    let inspection = try WeightsInspection(at: output)
    if isScaled {
      Terminal.warn(
        "\(input) has batch normalizations with an epsilon of \(weights.model.batchNormEpsilon), "
          + "\(to.rawValue) has \(inspection.description!.model.batchNormEpsilon): scales were changed so that "
          + "evaluation gives the same")
    }
    print(
      "\(output): \(weights.model.architecture.rawValue) of width \(weights.model.width), "
        + "\(inspection.headDescription), "
        + "\(Format.grouped(inspection.parameterCount ?? 0)) parameters")
  }
}

extension WeightsInspection {
  /// What the network tells apart.
  var headDescription: String {
    guard let classCount, let head = description?.head else { return "no head" }
    return "a head for \(classCount) \(head == .pretext ? "pseudo-motions" : "actions")"
  }
}

extension WeightsLayout: ExpressibleByArgument {
  public init?(argument: String) { self.init(named: argument) }
}
