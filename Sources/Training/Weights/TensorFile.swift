import SafeFiles
import Torch

/// A file of tensors by name, open: what it says of them is known, and they are loaded when asked for.
public struct TensorFile {
  /// How a file is written.
  public enum Form: String, Sendable, Codable {
    case safetensors
    /// What torch.save writes.
    case pytorch
  }

  public let path: String
  public let form: Form
  /// In the file's order. Of a checkpoint of PyTorch those of its state dict.
  public let tensors: [TensorSummary]
  /// Text by name.
  public let metadata: [String: String]
  /// What a checkpoint of PyTorch holds beside the tensors of its state dict, each in a few words or, where it is text, whole.
  public let remarks: [(name: String, text: String)]

  private let checkpoint: PyTorchCheckpoint?

  /// Opens a file, whose kind its first bytes tell.
  ///
  /// - Throws: ``WeightsError``, `SafetensorsError`, `PyTorchCheckpointError`, `FileError`.
  public init(at path: String) throws {
    self.path = path
    if let problem = standIn(at: path) { throw WeightsError(path: path, problem: problem) }
    if try PyTorchCheckpoint.recognizes(path) {
      let checkpoint = try PyTorchCheckpoint(contentsOf: path)
      form = .pytorch
      tensors = (try? checkpoint.summary()) ?? []
      metadata = checkpoint.metadata
      remarks = checkpoint.remarks
      self.checkpoint = checkpoint
      return
    }
    guard try Safetensors.recognizes(path) else {
      throw WeightsError(
        path: path, problem: "is neither a safetensors file nor a checkpoint of PyTorch")
    }
    form = .safetensors
    (tensors, metadata) = try Safetensors.summary(of: path)
    remarks = []
    checkpoint = nil
  }

  /// Loads tensors to the CPU, by name.
  ///
  /// - Parameter names: which ones; nil for all. Names that the file lacks are ignored.
  /// - Throws: as opening does.
  public func load(_ names: Set<String>? = nil) throws -> [String: Tensor] {
    func isWanted(_ name: String) -> Bool { names?.contains(name) ?? true }
    guard let checkpoint else {
      return try Safetensors(contentsOf: path, where: isWanted).tensors
    }
    let loaded = try checkpoint.loadStateDict(where: isWanted)
    return Dictionary(uniqueKeysWithValues: loaded.map { ($0.name, $0.tensor) })
  }
}

extension PyTorchCheckpoint {
  /// What lies beside the state dict.
  fileprivate var remarks: [(name: String, text: String)] {
    guard object.tensors == nil else { return [] }
    guard case .dictionary(let entries) = object else { return [("content", object.words)] }
    let tensors = Dictionary(
      uniqueKeysWithValues: ((try? stateDict()) ?? []).map { ($0.name, $0.tensor) })
    return entries.compactMap { entry in
      guard case .string(let name) = entry.key else { return (entry.key.words, entry.value.words) }
      if case .tensor(let tensor) = entry.value, tensor == tensors[name] { return nil }
      return (name, entry.value.words)
    }
  }
}

extension PyTorchObject {
  fileprivate var words: String {
    switch self {
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let text): text
    case .list(let items): "a list of \(items.count)"
    case .tuple(let items): "a tuple of \(items.count)"
    case .dictionary(let entries):
      tensors == nil ? "a dictionary of \(entries.count)" : "\(entries.count) tensors"
    case .tensor: "a tensor"
    case .other(let object): "a value of the type \(object.type)"
    }
  }
}
