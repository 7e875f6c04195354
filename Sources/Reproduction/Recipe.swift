import Foundation

/// The recipes that mosi carries: the files of configs/paper.
public enum Recipe: String, CaseIterable, Sendable {
  case table1
  case table2ab
  case table2cd
  case table3
  case table4
  case table5
  case fig4
  case fig5
  case fig6
  case fig7
  case fig8
  /// Beyond the paper's limits: its section 4.4.
  case limits
  /// The paper's claim in one table.
  case effect
  /// How the opponent is trained.
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
      case .fig4: PackageResources.fig4_yaml
      case .fig5: PackageResources.fig5_yaml
      case .fig6: PackageResources.fig6_yaml
      case .fig7: PackageResources.fig7_yaml
      case .fig8: PackageResources.fig8_yaml
      case .limits: PackageResources.limits_yaml
      case .effect: PackageResources.effect_yaml
      case .scratchTuning: PackageResources.scratch_tuning_yaml
      }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// - Throws: ``RecipeError``; not of the files as they are, which the tests read.
  public var experiment: Experiment {
    get throws { try Experiment(yaml: text, name: rawValue, origin: "\(rawValue).yaml") }
  }
}
