import SafeFiles
import Torch

/// An open file of named tensors. Its header is known; tensors are loaded on request.
public struct TensorFile {
  /// The format of a file.
  public enum Form: String, Sendable, Codable {
    /// The safetensors format.
    case safetensors
    /// The format of `torch.save`.
    case pytorch
  }

  /// The path of the file.
  public let path: String
  /// The format of the file.
  public let form: Form
  /// The names, types and shapes of the tensors, in the file's order; for a PyTorch checkpoint, those of its state dict.
  public let tensors: [TensorSummary]
  /// The metadata of a safetensors file; empty for other formats.
  public let metadata: [String: String]
  /// The other contents of a PyTorch checkpoint by name: a short description, or the whole text.
  public let remarks: [(name: String, text: String)]

  private let checkpoint: PyTorchCheckpoint?

  /// Opens a file. The format is recognized by its first bytes.
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

  /// Loads tensors to the CPU, by name, in the types and shapes listed in ``tensors``.
  ///
  /// - Parameter names: the names to load; nil for all. Names that are not in the file are ignored.
  /// - Throws: `SafetensorsError`, `PyTorchCheckpointError`, `FileError`.
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
  /// The contents besides the state dict.
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
