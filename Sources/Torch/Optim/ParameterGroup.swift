/// Parameters that share a weight decay and a scale of the learning rate.
public struct ParameterGroup {
  /// The parameters.
  public let parameters: [Module.Parameter]
  /// The parameter times this number is added to its gradient, or with AdamW to its change.
  public let weightDecay: Double
  /// The factor by which the optimizer's learning rate is multiplied for this group.
  public let learningRateScale: Double

  /// A group with these values.
  public init(
    _ parameters: [Module.Parameter], weightDecay: Double, learningRateScale: Double = 1
  ) {
    self.parameters = parameters
    self.weightDecay = weightDecay
    self.learningRateScale = learningRateScale
  }

  /// Two groups of the parameters: those of normalizations and biases have no weight decay, as is usual for transformers. Empty
  /// groups are omitted.
  public static func sparingVectors(
    _ parameters: [Module.Parameter], weightDecay: Double, learningRateScale: Double = 1
  ) -> [ParameterGroup] {
    [(weightDecay, true), (0, false)].map { decay, isWeight in
      ParameterGroup(
        parameters.filter { ($0.role == .weight) == isWeight }, weightDecay: decay,
        learningRateScale: learningRateScale)
    }.filter { !$0.parameters.isEmpty }
  }

  /// Two groups of the parameters: those of normalizations have no weight decay. Empty groups are omitted.
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
