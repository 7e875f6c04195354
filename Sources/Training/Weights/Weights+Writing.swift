import Foundation
import SafeFiles
import Torch
import VideoModels

extension Weights {
  /// Writes the weights for a program, with their ``description`` as metadata. The file is written completely or not at
  /// all.
  ///
  /// If the program uses another epsilon in its batch normalizations, their scales are adapted: `γ` becomes
  /// `γ √((v + ε′) / (v + ε))` with the running variance `v`, so that outputs in evaluation mode stay the same.
  ///
  /// - Parameters:
  ///   - path: a path that ends in .safetensors, or in .pt, .pth or .pyth for a file that `torch.load(path,
  ///     weights_only=True)` opens: for the authors' code a dictionary with `epoch` (0), `model_state` and `cfg` (the
  ///     recipe as YAML), else the state dict itself.
  ///   - layout: the program to write for. For VideoMAE, weights without a head are those of a fine-tuning's backbone, or of a
  ///     pre-training if they have the decoder of masked modeling.
  ///   - backboneOnly: true to leave out the head and a pretext task's other layers. Without it, what the program has no place
  ///     for is left out, too; see ``leftOut(by:)``.
  /// - Returns: true if scales were adapted to another epsilon.
  /// - Throws: ``WeightsError`` if the program does not have such a network, positions or head, or if the path has another
  ///   ending; `FileError`.
  @discardableResult
  public func write(to path: String, as layout: WeightsLayout, backboneOnly: Bool) throws
    -> Bool
  {
    guard let form = TensorFile.Form(ending: path) else {
      throw WeightsError(
        path: path, problem: "must end in .safetensors, or in .pth, .pt or .pyth for PyTorch")
    }
    let run = RunFolder(path: self.path)
    guard
      ![try Self.file(at: self.path), run.last, run.best].map(realPath(of:)).contains(
        realPath(of: path))
    else {
      throw WeightsError(
        path: path, problem: "is the checkpoint that the weights come from: choose another path")
    }
    let programs = WeightsLayout.all(for: model.architecture)
    guard programs.contains(layout) else {
      throw WeightsError(
        path: self.path,
        problem: "holds \(model.architecture.rawValue), which --to \(layout.rawValue) does not "
          + "have; use --to \(programs.map(\.rawValue).joined(separator: " or "))")
    }
    let keepsHead = classCount != nil && !backboneOnly
    guard model.aggregator == nil || !keepsHead else {
      throw WeightsError(
        path: self.path,
        problem: "has a head on an aggregator, which only runs keep: add --backbone-only")
    }
    guard
      let names = model.architecture.tensorNames(
        layout.names, head: keepsHead ? head : nil)
    else {
      throw WeightsError(
        path: self.path,
        problem: "has a head for a pretext task, which --to \(layout.rawValue) does not have: "
          + "add --backbone-only")
    }

    let epsilon = layout.epsilon(of: model.architecture) ?? model.batchNormEpsilon
    guard epsilon == model.batchNormEpsilon || !model.architecture.isTransformer else {
      throw WeightsError(
        path: self.path,
        problem:
          "has layer normalizations with an epsilon of \(model.batchNormEpsilon), --to \(layout.rawValue) has "
          + "\(epsilon), and no change of weights makes up for it: use --to mosi")
    }
    let positions = layout.positions(of: model.architecture)
    guard positions == nil || positions == model.tokenPositions else {
      throw WeightsError(
        path: self.path,
        problem: "has tokens with positions by time, row and column (model.positions=axes), which "
          + "--to \(layout.rawValue) does not have: use --to mosi")
    }
    var description = description
    description.model.batchNormEpsilon = epsilon
    if !keepsHead {
      (description.model.aggregator, description.model.aggregatorBlocks) = (nil, 1)
      description.head = nil
      description.classNames = nil
    }
    let (own, scales) = state(backboneOnly: !keepsHead)
    var state = own.map { name, tensor in
      guard epsilon != model.batchNormEpsilon, let variance = scales[name] else {
        return (name: names[name]!, tensor: tensor)
      }
      let exact = tensors[variance]!.to(.float64)
      let factor = ((exact + epsilon) / (exact + model.batchNormEpsilon)).squareRoot()
      return (name: names[name]!, tensor: (tensor.to(.float64) * factor).to(tensor.dtype))
    }
    if layout == .mosi, !backboneOnly {
      state += try loadTaskTensors().sorted { $0.key < $1.key }.map {
        (name: $0.key, tensor: $0.value)
      }
    }
    if layout == .videomae, !backboneOnly, isPretrainingOfVideoMAE {
      state = try pretrainingState(state)
    }
    let metadata = try description.metadata(layout)
    switch (form, layout) {
    case (.safetensors, _):
      try Safetensors(
        tensors: Dictionary(uniqueKeysWithValues: state.map { ($0.name, $0.tensor) }),
        metadata: metadata
      ).write(to: path)
    case (.pytorch, .authors):
      try PyTorchCheckpoint.write(
        .dictionary([
          .init(.string("epoch"), .integer(0)),
          .init(.string("model_state"), .stateDict(state)),
          .init(.string("cfg"), .string(description.recipe?.configuration ?? "")),
        ]), metadata: metadata, to: path)
    case (.pytorch, _):
      try PyTorchCheckpoint.write(stateDict: state, metadata: metadata, to: path)
    }
    return epsilon != model.batchNormEpsilon
  }
}

extension Weights {
  /// The names of the tensors of the task's own layers, and of the normalization of features if it was trained, that
  /// ``write(to:as:backboneOnly:)`` leaves out even without `backboneOnly`, because the program has no place for them; sorted.
  public func leftOut(by layout: WeightsLayout) -> [String] {
    guard layout != .mosi else { return [] }
    let names = taskTensors.map(\.name)
    guard layout == .videomae, isPretrainingOfVideoMAE else { return names }
    let norm = tensors.filter { $0.key.hasPrefix("backbone.fc_norm.") }
    let trained = norm.filter { name, tensor in
      tensor.equal(to: name.hasSuffix(".weight") ? 1 : 0).all().item == 0
    }
    return (names.filter { StateNames.videoMAEPretrainingName(of: $0) == nil } + trained.keys)
      .sorted()
  }

  /// True if the weights are a backbone with the decoder of masked modeling.
  private var isPretrainingOfVideoMAE: Bool {
    classCount == nil
      && Set(taskTensors.map(\.name)).isSuperset(of: ["mask_token", "encoder_norm.weight"])
  }

  /// What VideoMAE's code calls the state of its pre-training, with the decoder and without the normalization of features.
  ///
  /// - Parameter state: the backbone's tensors under VideoMAE's names for fine-tuning.
  private func pretrainingState(_ state: [(name: String, tensor: Tensor)]) throws -> [(
    name: String, tensor: Tensor
  )] {
    let encoder = state.filter { !$0.name.hasPrefix("fc_norm.") }
      .map { (name: "encoder.\($0.name)", tensor: $0.tensor) }
    let others = try loadTaskTensors().sorted { $0.key < $1.key }.compactMap { own, tensor in
      StateNames.videoMAEPretrainingName(of: own).map { (name: $0, tensor: tensor) }
    }
    return encoder + others
  }
}

extension TensorFile.Form {
  /// The form for a file's ending; nil for an unknown ending.
  init?(ending path: String) {
    switch URL(fileURLWithPath: path).pathExtension.lowercased() {
    case "safetensors": self = .safetensors
    case "pt", "pth", "pyth": self = .pytorch
    default: return nil
    }
  }
}
