import SafeFiles
import Torch
import VideoModels

extension WeightsDescription {
  /// Why the tensors do not fit the description, as the predicate of a sentence whose subject is the file; nil if they
  /// fit. Does not allocate memory for sizes that the file claims.
  ///
  /// - Parameter found: the model's tensors by the names of a `VideoClassifier`; batch counters may be missing.
  func problem(of found: [String: TensorSummary]) -> String? {
    let kind = head ?? .pretext
    let classCount = found["head.\(kind.rawValue).weight"]?.shape.first
    // A network with the head of a hostile file could not even be described.
    guard classCount ?? 0 <= 1 << 24 else {
      return "cannot be used: its head claims \(classCount!) classes"
    }
    if let classNames {
      guard classNames.count == classCount, Set(classNames).count == classCount else {
        return "names \(Set(classNames).count) classes for a head of \(classCount ?? 0)"
      }
      if let name = classNames.first(where: \.hasControlCharacters) {
        return "cannot be used: the class \(name.printable) has control characters in its name"
      }
    }
    let expected = expectedState(classCount: classCount).filter {
      found[$0.name] != nil
        || !($0.name.hasSuffix(".num_batches_tracked")
          || classCount == nil && $0.name.hasPrefix("backbone.fc_norm."))
    }
    let mismatch = StateMismatch(
      expected: expected.map { ($0.name, $0.tensor.shape) }, found: found.mapValues(\.shape))
    guard mismatch.isEmpty else { return "cannot be used: \(mismatch)" }
    let foreign = expected.first {
      $0.tensor.dtype.isFloatingPoint != found[$0.name]!.dtype.isFloatingPoint
    }
    return foreign.map { "cannot be used: \($0.name) holds numbers as \(found[$0.name]!.dtype)" }
  }

  /// A difference between the description and the network recognized in the tensors, in the same form; nil if they agree.
  func difference(from network: RecognizedNetwork) -> String? {
    if model.architecture != network.architecture || model.width != network.width {
      return
        "cannot be used: its metadata says \(model.architecture.rawValue) of width \(model.width), its tensors "
        + "are those of \(network.architecture.rawValue) of width \(network.width)"
    }
    if head != network.head?.kind {
      func words(_ head: VideoClassifier.Head.Kind?) -> String { head?.rawValue ?? "no head" }
      return
        "cannot be used: its metadata says \(words(head)), its tensors have \(words(network.head?.kind))"
    }
    return nil
  }

  /// The tensors that the network has, in its order and without memory; those of the backbone alone if there are no
  /// classes.
  func expectedState(classCount: Int?) -> [(name: String, tensor: Tensor)] {
    let model = metaModel(classCount: classCount)
    return classCount == nil
      ? model.backbone.state.map { ("backbone.\($0.name)", $0.tensor) } : Array(model.state)
  }

  func metaModel(classCount: Int?) -> VideoClassifier {
    model.makeModel(head: head ?? .pretext, classes: classCount ?? 1, using: .meta)
  }
}
