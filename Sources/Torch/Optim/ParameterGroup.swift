/// Parameters that are trained with the same weight decay and the same share of the learning rate.
public struct ParameterGroup {
  public let parameters: [Module.Parameter]
  /// Times the parameter, this is added to its gradient.
  public let weightDecay: Double
  /// The optimizer's learning rate is multiplied by this for the group.
  public let learningRateScale: Double

  public init(
    _ parameters: [Module.Parameter], weightDecay: Double, learningRateScale: Double = 1
  ) {
    self.parameters = parameters
    self.weightDecay = weightDecay
    self.learningRateScale = learningRateScale
  }

  /// All parameters, those of normalizations without decay.
  public static func sparingNormalization(
    _ parameters: [Module.Parameter], weightDecay: Double, learningRateScale: Double = 1
  ) -> [ParameterGroup] {
    func group(_ decay: Double, _ isNormalization: Bool) -> ParameterGroup {
      ParameterGroup(
        parameters.filter { ($0.role == .normalization) == isNormalization }, weightDecay: decay,
        learningRateScale: learningRateScale)
    }
    return [group(weightDecay, false), group(0, true)].filter { !$0.parameters.isEmpty }
  }
}
