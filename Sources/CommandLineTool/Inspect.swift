import ArgumentParser
import Configuration
import Foundation
import Pretext
import SafeFiles
import Torch
import Training
import VideoModels

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows the content of a weights file.",
    discussion: """
      Shows the network, head and classes, label pool, normalization, clips, the recipe of the training, every tensor with \
      its type and shape, and the tensors that hold NaN, infinite numbers or variances below 0. If mosi does not know the \
      network of a file, it shows the closest one and the differences.

      Examples:
        mosi inspect run
        mosi inspect downloaded.pyth --json
      """)

  @Argument(
    help: ArgumentHelp("A run's folder, or a .safetensors, .pt, .pth or .pyth.", valueName: "file"))
  var file: String

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let inspection = try WeightsInspection(at: file)
    let unsound = try inspection.unsoundNumbers()
    print(json ? try JSON.text(Output(inspection, unsound)) : text(inspection, unsound))
  }

  // MARK: - Text

  private func text(_ inspection: WeightsInspection, _ unsound: [UnsoundNumbers]) -> String {
    let texts = texts(inspection)
    var sections = [
      facts(inspection, unsound, remarks: texts.filter(\.isShort)).text(leftAligned: true)
    ]
    for text in texts where !text.isShort {
      let lines = text.content.split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.isEmpty ? "" : "  \($0.printable)" }
      sections.append("\(text.title.printable)\n\(lines.joined(separator: "\n"))")
    }
    var table = TextTable("tensor", "type", "shape")
    for tensor in inspection.file.tensors.sorted(by: { $0.name < $1.name }) {
      table.add(tensor.name, "\(tensor.dtype)", "\(tensor.shape)")
    }
    if !inspection.file.tensors.isEmpty { sections.append(table.text(leftAligned: true)) }
    return sections.joined(separator: "\n\n")
  }

  private func facts(
    _ inspection: WeightsInspection, _ unsound: [UnsoundNumbers], remarks: [TitledText]
  ) -> TextTable {
    var table = TextTable()
    let tensors = inspection.file.tensors
    let megabytes = Double(tensors.reduce(0) { $0 + $1.byteCount }) / 1e6
    table.add("file", inspection.file.path)
    table.add("form", inspection.file.form == .safetensors ? "safetensors" : "PyTorch")
    table.add(
      "holds", "\(holding(inspection))\(tensors.count) tensors, \(Format.number(megabytes, 2)) MB")
    if let problem = inspection.problem {
      table.add(
        inspection.description == nil ? "network" : "problem",
        (inspection.description == nil ? "none: it " : "it ") + problem)
    }
    for numbers in unsound { table.add(numbers.kind.rawValue, numbers.words) }
    if let description = inspection.description {
      table.add(
        "network", "\(description.model.architecture.rawValue) of width \(description.model.width)")
      table.add("parameters", Format.grouped(inspection.parameterCount ?? 0))
      table.add(
        "names", namesDescription(inspection.names!))
      let norm = description.model.architecture.isTransformer ? "layer norm" : "batch norm"
      table.add(norm, "epsilon \(description.model.batchNormEpsilon)")
      table.add("head", inspection.headDescription)
      let task = inspection.taskTensors
      if !task.isEmpty {
        let parts = Set(task.map { $0.name.prefix { $0 != "." } }).sorted()
        table.add(
          "pretext task", "\(task.count) tensors of \(parts.joined(separator: ", "))")
      }
      if let labels = description.labels {
        table.add(
          "label pool", "axes \(labels.axes.rawValue), \(labels.granularity) speeds a direction")
      }
      if let names = description.classNames {
        table.add("classes", names.joined(separator: ", "))
      }
      if let normalization = description.normalization {
        table.add(
          "normalization",
          "mean \(list(normalization.mean)), std \(list(normalization.std))")
      }
      if let clip = description.clip {
        let spacing =
          description.recipe?.phase == .pretraining
          ? ""
          : ", \(clip.interval) frames of a \(Format.number(clip.framesPerSecond, 0)) fps video apart, crop \(clip.crop.rawValue)"
        table.add("clips", "\(clip.frames) frames of \(clip.size) x \(clip.size)\(spacing)")
      }
      if let recipe = description.recipe { table.add("trained by", recipe.phase.rawValue) }
      if let position = inspection.position {
        let best = position.bestTop1.map { ", best validation \(Format.percent($0))" } ?? ""
        table.add("position", "step \(position.step)\(best)")
      }
      if let version = description.version { table.add("written by", "mosi \(version)") }
    }
    for remark in remarks { table.add(remark.title, remark.content) }
    return table
  }

  private func namesDescription(_ names: StateNames) -> String {
    switch names {
    case .mosi: "mosi's"
    case .torchvision: "torchvision's"
    case .vcop: "VCOP's"
    case .dpc: "DPC's"
    case .coclr: "CoCLR's"
    case .videomae: "VideoMAE's"
    case .huggingFace: "Hugging Face's"
    }
  }

  private func holding(_ inspection: WeightsInspection) -> String {
    switch inspection.kind {
    case .checkpoint: "the state of a run: "
    case .weights: inspection.classCount == nil ? "a backbone: " : "a network: "
    case .tensors: ""
    }
  }

  /// Text that the file stores in addition to the tensors, with a title.
  private struct TitledText {
    let title: String
    let content: String
    var isShort: Bool { content.count <= 60 && !content.contains("\n") }

    init(_ title: String, _ content: String) {
      self.title = title
      self.content = content.trimmingCharacters(in: .newlines)
    }
  }

  private func texts(_ inspection: WeightsInspection) -> [TitledText] {
    let recipe = inspection.description?.recipe?.configuration
    let remarks = inspection.file.remarks.filter { $0.text != recipe && !$0.text.isEmpty }
    // Everything in our own metadata was shown already.
    let isOwn = inspection.kind == .checkpoint || inspection.description?.version != nil
    let metadata = isOwn ? [] : inspection.file.metadata.sorted { $0.key < $1.key }
    return (recipe.map { [TitledText("recipe", $0)] } ?? [])
      + remarks.map { TitledText($0.name, $0.text) }
      + metadata.map { TitledText("metadata \($0.key)", $0.value) }
  }

  private func list(_ values: [Double]) -> String {
    values.map { "\($0)" }.joined(separator: ", ")
  }

  // MARK: - JSON

  private struct Output: Encodable {
    struct Entry: Encodable {
      let name: String
      let dtype: String
      let shape: [Int]
    }

    let path: String
    let form: String
    let kind: String
    let problem: String?
    let names: String?
    let classes: Int?
    let parameters: Int?
    let model: ModelSettings?
    let head: String?
    let classNames: [String]?
    let labels: LabelSettings?
    let normalization: Normalization?
    let clip: ClipSettings?
    let phase: String?
    let configuration: String?
    let position: TrainingPosition?
    let version: String?
    let metadata: [String: String]
    let remarks: [String: String]
    let tensors: [Entry]
    let taskTensors: [String]
    let unsoundNumbers: [UnsoundNumbers]

    init(_ inspection: WeightsInspection, _ unsound: [UnsoundNumbers]) {
      unsoundNumbers = unsound
      let description = inspection.description
      path = inspection.file.path
      form = inspection.file.form.rawValue
      kind = inspection.kind.rawValue
      problem = inspection.problem
      names = inspection.names?.rawValue
      classes = inspection.classCount
      parameters = inspection.parameterCount
      model = description?.model
      head = description?.head?.rawValue
      classNames = description?.classNames
      labels = description?.labels
      normalization = description?.normalization
      clip = description?.clip
      phase = description?.recipe?.phase.rawValue
      configuration = description?.recipe?.configuration
      position = inspection.position
      version = description?.version
      metadata = inspection.file.metadata
      remarks = Dictionary(inspection.file.remarks.map { ($0.name, $0.text) }) { first, _ in first }
      taskTensors = inspection.taskTensors.map(\.name)
      tensors = inspection.file.tensors.map {
        Entry(name: $0.name, dtype: "\($0.dtype)", shape: $0.shape)
      }
    }
  }
}
