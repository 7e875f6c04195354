import ArgumentParser
import SafeFiles
import Training

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes weights for another program, or for mosi.",
    discussion: """
      The extension of OUT decides the format: .safetensors, or .pth (.pt, .pyth), which \
      torch.load(OUT, weights_only=True) opens. The file also stores the architecture, classes, label pool, normalization, \
      recipe of the training and version as metadata; mosi inspect shows them.

        --to mosi         unchanged and complete: for mosi, or as a state dict for
                          PyTorch
        --to authors      for the paper authors' code: epoch, model_state, cfg
        --to torchvision  for torchvision.models.video: r3d-18, mc3-18,
                          r2plus1d-18-torchvision
        --to vcop         for the code of VCOP: c3d, r3d-10, r2plus1d-10-vcop
        --to videomae     for the code of VideoMAE: vit-s, vit-b, vit-l, vit-h, and
                          vit-tiny if it has positions=number; with the decoder of
                          masked modeling if there is one and no head

      Batch normalization has an epsilon of 0.001 in the authors' code and of 0.00001 in torchvision and VCOP. If the epsilon \
      differs, the scales are adjusted so that evaluation gives the same outputs.

      From a run, mosi takes the last checkpoint, with the moving average of the weights if there is one. The recipe is the \
      whole configuration, with the paths of the machine that it ran on. The layers that a pretext task has besides the \
      network and its head are kept by --to mosi, and those of masked modeling by --to videomae; if some are left out, a \
      warning names one.

      Examples:
        mosi convert run backbone.pth --to mosi --backbone-only
        mosi convert released.pyth weights.safetensors --to mosi
      """)

  @Argument(help: ArgumentHelp("A run's folder, a checkpoint or a state dict.", valueName: "in"))
  var input: String

  @Argument(help: ArgumentHelp("The file to write.", valueName: "out"))
  var output: String

  @Option(help: ArgumentHelp("mosi, authors, torchvision, vcop or videomae.", valueName: "program"))
  var to: WeightsLayout

  @Flag(help: "Leave the head out.")
  var backboneOnly = false

  func run() throws {
    let weights = try Weights(at: input)
    weights.warnOfMissingStatistics()
    let isScaled = try weights.write(to: output, as: to, backboneOnly: backboneOnly)
    let leftOut = backboneOnly ? [] : weights.leftOut(by: to)
    if let first = leftOut.first {
      Terminal.warn(
        "left out: \(Format.count(leftOut.count, "tensor")) for which --to \(to.rawValue) has no place, such as \(first); "
          + "--to mosi keeps everything")
    }
    let inspection = try WeightsInspection(at: output)
    if isScaled {
      Terminal.warn(
        "\(input) has batch normalizations with an epsilon of \(weights.model.batchNormEpsilon), "
          + "\(to.rawValue) has \(inspection.description!.model.batchNormEpsilon): the scales were adjusted so that "
          + "evaluation gives the same outputs")
    }
    print(
      "\(output.printable): \(weights.model.architecture.rawValue) of width \(weights.model.width), "
        + "\(inspection.headDescription), "
        + "\(Format.grouped(inspection.parameterCount ?? 0)) parameters")
  }
}

extension WeightsInspection {
  /// What the network distinguishes.
  var headDescription: String {
    guard let classCount, let head = description?.head else { return "no head" }
    let classes =
      head == .actions
      ? "actions" : description?.labels == nil ? "labels of a pretext task" : "pseudo-motions"
    return "a head for \(classCount) \(classes)"
  }
}

extension WeightsLayout: ExpressibleByArgument {
  public init?(argument: String) { self.init(named: argument) }
}
