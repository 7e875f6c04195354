import ArgumentParser
import VideoModels

/// The stage of a network whose Grad-CAM is computed.
struct StageOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The stage whose Grad-CAM is computed: conv1 to conv5. Later stages are more specific and coarser. "
        + "Default: conv5 for gradcam, conv4 for localize.", valueName: "stage"))
  var stage: String?

  @Option(name: .customLong("layer"), help: .hidden)
  var oldStage: String?

  /// The stage, or `usual` if none is given.
  ///
  /// - Throws: `UnknownStage`, `ValidationError`.
  func value(usual: StageName) throws -> StageName {
    try renamed("--stage", stage, from: "--layer", oldStage).map(StageName.init(named:)) ?? usual
  }
}
