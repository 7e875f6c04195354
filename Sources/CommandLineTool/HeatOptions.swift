import ArgumentParser
import VideoModels

/// How heat maps are computed.
struct HeatOptions: ParsableArguments {
  enum Maps: String, CaseIterable, ExpressibleByArgument {
    case gradCAM = "grad-cam"
    case attention
  }

  @Option(
    help: ArgumentHelp(
      "How heat maps are computed. Default: attention for transformers, unless --stage is given, else grad-cam.",
      valueName: "maps"))
  var maps: Maps?

  @Option(
    help: ArgumentHelp(
      "The stage whose Grad-CAM is computed: conv1 to conv5. Later stages are more specific and coarser. "
        + "Default: conv5 for gradcam, conv4 for localize.", valueName: "stage"))
  var stage: String?

  @Option(name: .customLong("layer"), help: .hidden)
  var oldStage: String?

  private var chosenStage: String? {
    get throws { try renamed("--stage", stage, from: "--layer", oldStage) }
  }

  func validate() throws {
    if try chosenStage != nil, maps == .attention {
      throw ValidationError("--maps attention is of all stages: leave out --stage")
    }
  }

  /// The method for a network; `usual` is the stage if none is given.
  ///
  /// - Throws: `UnknownStage`, `ValidationError`.
  func method(for architecture: Architecture, usual: StageName) throws -> HeatMethod {
    let stage = try chosenStage.map(StageName.init(named:))
    switch maps {
    case nil: return stage.map(HeatMethod.gradCAM) ?? .usual(for: architecture, at: usual)
    case .gradCAM: return .gradCAM(stage ?? usual)
    case .attention:
      guard architecture.isTransformer else {
        throw ValidationError(
          "--maps attention: \(architecture.rawValue) has no attention, only transformers have it")
      }
      return .attention
    }
  }
}
