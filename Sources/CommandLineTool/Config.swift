import ArgumentParser
import Configuration
import SafeFiles

struct Config: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints all settings with their defaults, or explains one.",
    discussion: """
      Without KEY, prints a YAML file with every setting of mosi pretrain (or, with --finetune, of mosi finetune), its \
      default and its meaning. --config takes that file. With KEY, explains one setting, or all of a group; former names \
      work, too.

      Presets for --config: \(Preset.allCases.map(\.rawValue).joined(separator: ", ")).

      Examples:
        mosi config > mine.yaml
        mosi config --task rotation
        mosi config optimizer.warmup_fraction
        mosi config regularization --finetune
      """)

  @Argument(help: "A dotted key, or a group of keys.")
  var key: String?

  @Option(help: "The pretext task whose settings are printed.")
  var task: TaskKind?

  @Flag(help: "The settings of mosi finetune.")
  var finetune = false

  @Flag(help: "Print JSON: each key with its description, type, default, choices and former names.")
  var json = false

  func validate() throws {
    if finetune, task != nil {
      throw ValidationError("--task is an option for pre-training: leave out --finetune")
    }
    if key != nil, task != nil {
      throw ValidationError("give either --task or KEY")
    }
  }

  func run() throws {
    if key == nil, !json {
      print(
        finetune ? FinetuningConfiguration().commentedYAML : pretraining.commentedYAML,
        terminator: "")
      return
    }
    let explanations = try explanations()
    if json {
      print(try JSON.text(explanations))
    } else {
      print(explanations.map(\.text).joined(separator: "\n\n"))
    }
  }

  private var pretraining: PretrainingConfiguration {
    var configuration = PretrainingConfiguration()
    if let task { configuration.task.kind = task }
    // Other networks cannot be trained with it.
    if task == .masked { configuration.model.architecture = .vitTiny }
    return configuration
  }

  private func explanations() throws -> [Explanation] {
    guard let key else {
      return finetune
        ? FinetuningConfiguration.explanations : pretraining.explanations
    }
    if finetune { return try FinetuningConfiguration.explanation(of: key) }
    do {
      return try PretrainingConfiguration.explanation(of: key)
    } catch {
      // Most settings belong to both kinds of training; some only to fine-tuning.
      guard let found = try? FinetuningConfiguration.explanation(of: key) else { throw error }
      return found
    }
  }
}

extension Explanation {
  fileprivate var text: String {
    var table = TextTable()
    table.add("  type", type)
    if let rule { table.add("  rule", rule) }
    table.add("  default", defaultValue.words)
    if !formerNames.isEmpty { table.add("  formerly", formerNames.joined(separator: ", ")) }
    return "\(key)\n  \(description)\n" + table.text(leftAligned: true)
  }
}

extension TaskKind: ExpressibleByArgument {}
