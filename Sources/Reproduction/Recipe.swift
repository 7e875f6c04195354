import Foundation

/// The recipes included in mosi: the files of configs/paper.
public enum Recipe: String, CaseIterable, Sendable {
  /// Table 1 of the paper.
  case table1
  /// Tables 2a and 2b of the paper.
  case table2ab
  /// Tables 2c and 2d of the paper.
  case table2cd
  /// Table 3 of the paper.
  case table3
  /// Table 4 of the paper.
  case table4
  /// Table 5 of the paper, each system on its own backbone.
  case table5
  /// The systems of Table 5 on one backbone at equal cost.
  case table5Equal = "table5-equal"
  /// MoSI and its successors, at equal cost.
  case successors
  /// Figure 4 of the paper.
  case fig4
  /// Figure 5 of the paper.
  case fig5
  /// Figure 6 of the paper.
  case fig6
  /// Figure 7 of the paper.
  case fig7
  /// Figure 8 of the paper.
  case fig8
  /// The limitations in section 4.4 of the paper.
  case limits
  /// The paper's claim in a single table.
  case effect
  /// The range of Moving Sprites, from random weights to MoSI with all videos.
  case spritesRange = "sprites-range"
  /// The search for the best training from random weights, with which pre-training is compared.
  case scratchTuning = "scratch-tuning"

  /// The YAML of the file.
  public var text: String {
    let bytes =
      switch self {
      case .table1: PackageResources.table1_yaml
      case .table2ab: PackageResources.table2ab_yaml
      case .table2cd: PackageResources.table2cd_yaml
      case .table3: PackageResources.table3_yaml
      case .table4: PackageResources.table4_yaml
      case .table5: PackageResources.table5_yaml
      case .table5Equal: PackageResources.table5_equal_yaml
      case .successors: PackageResources.successors_yaml
      case .fig4: PackageResources.fig4_yaml
      case .fig5: PackageResources.fig5_yaml
      case .fig6: PackageResources.fig6_yaml
      case .fig7: PackageResources.fig7_yaml
      case .fig8: PackageResources.fig8_yaml
      case .limits: PackageResources.limits_yaml
      case .effect: PackageResources.effect_yaml
      case .spritesRange: PackageResources.sprites_range_yaml
      case .scratchTuning: PackageResources.scratch_tuning_yaml
      }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The experiment.
  ///
  /// - Throws: ``RecipeError``; tests check that it does not for the included files.
  public var experiment: Experiment {
    get throws { try Experiment(yaml: text, name: rawValue, origin: "\(rawValue).yaml") }
  }
}
