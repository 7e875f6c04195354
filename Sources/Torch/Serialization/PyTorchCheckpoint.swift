import Foundation
import SafeFiles

/// A `torch.save` file (.pt, .pth, .pyth) that is open for reading: a zip archive of a pickle and the tensors' elements,
/// or, before PyTorch 1.6, a sequence of pickles and elements.
///
/// Reading does not execute any code of the pickle. Tensors, lists, tuples, dictionaries, numbers, text and None are
/// read. Other values that `torch.load(weights_only=True)` accepts are represented by their type, and so are a program's
/// arguments (`argparse.Namespace`), paths and NumPy's numbers; everything else is rejected by name. ``object`` describes the
/// tensors without loading them.
public struct PyTorchCheckpoint: Sendable {
  /// The path of the file.
  public let path: String
  /// The saved object.
  public let object: PyTorchObject<StoredTensor>
  /// The text by name that ``write(_:metadata:to:)`` stores outside the object; PyTorch ignores it.
  public let metadata: [String: String]

  private let storages: StorageBytes
}

/// A file that is not a valid PyTorch checkpoint, or contains more than data.
public struct PyTorchCheckpointError: Error, Sendable, CustomStringConvertible {
  /// The path of the file.
  public let path: String
  /// What is wrong with it.
  public let problem: String
  public var description: String { "\(path) is not a readable PyTorch checkpoint: \(problem)" }
}

extension PyTorchCheckpoint {
  static let metadataEntry = "extra/metadata.json"

  /// Opens a file and reads everything except the tensors' elements. Every size in it is checked against the size of the
  /// file.
  ///
  /// - Throws: ``PyTorchCheckpointError`` if the file is damaged or contains anything but data, `FileError` if it cannot
  ///   be read.
  public init(contentsOf path: String) throws {
    let file = try InputFile(path: path)
    do {
      let content = try CheckpointContent(file)
      // With strides of 0 and shared storages, a small file could claim tensors of any size.
      var room = (16 << 20) + 16 * file.size
      object = try PyTorchObject(content.pickle, byteCount: content.pickleSize) { object in
        guard let tensor = content.pickle.interpreter.tensor(object) else { return nil }
        guard tensor.byteCount <= room else {
          throw Unsound("its tensors claim more than 16 times the size of the file")
        }
        room -= tensor.byteCount
        return tensor
      }
      storages = content.storages
      metadata = content.metadata
      self.path = path
    } catch let error as Unsound {
      throw PyTorchCheckpointError(path: path, problem: error.problem)
    }
  }

  /// True if the first bytes of a file are those of a torch.save format, including formats that are not supported.
  ///
  /// - Throws: `FileError`, also if it is not a regular file.
  public static func recognizes(_ path: String) throws -> Bool {
    try CheckpointForm(of: InputFile(path: path)) != nil
  }
}

// MARK: - State dicts

extension PyTorchCheckpoint {
  /// The keys of state dicts in a checkpoint, in the order in which they are tried. The first is that of the released
  /// MoSI code.
  private static let stateDictKeys = [
    "model_state", "state_dict", "model", "model_state_dict", "module", "net", "network", "weights",
  ]

  /// The model's tensors by name, in the file's order and not loaded: the whole object if it is a dictionary of only
  /// tensors; else the first dictionary of tensors under `model_state`, `state_dict`, `model`, `model_state_dict`, `module`,
  /// `net`, `network` or `weights`; else again the whole object. Plain values next to tensors are skipped under a key, and in
  /// the whole object if no key has a state dict.
  ///
  /// - Throws: ``PyTorchCheckpointError`` with the reason if there is none.
  public func stateDict() throws -> [(name: String, tensor: StoredTensor)] {
    if let tensors = object.tensors, !tensors.isEmpty { return tensors }
    var reasons: [String] = []
    for key in Self.stateDictKeys {
      guard let value = object[key] else { continue }
      switch value.tensorsBesideData {
      case .success(let tensors): return tensors
      case .failure(let reason): reasons.append("\(key) is \(reason.problem)")
      }
    }
    switch object.tensorsBesideData {
    case .success(let tensors): return tensors
    case .failure(let reason): reasons.append("the whole is \(reason.problem)")
    }
    throw PyTorchCheckpointError(
      path: path,
      problem: "it holds no state dict, neither as a whole nor under "
        + Self.stateDictKeys.joined(separator: ", ") + ": " + reasons.joined(separator: "; "))
  }

  /// Summaries of the tensors of ``stateDict()``.
  ///
  /// - Throws: ``PyTorchCheckpointError`` if there is none.
  public func summary() throws -> [TensorSummary] {
    try stateDict().map { name, tensor in
      TensorSummary(name: name, dtype: tensor.dtype, shape: tensor.shape)
    }
  }

  /// Loads the tensors of ``stateDict()`` to the CPU, in the shapes that it lists.
  ///
  /// - Parameter isWanted: returns false for the names of tensors to skip.
  /// - Throws: ``PyTorchCheckpointError``, `FileError`.
  public func loadStateDict(where isWanted: (_ name: String) -> Bool = { _ in true }) throws
    -> [(name: String, tensor: Tensor)]
  {
    let stateDict = try stateDict().filter { isWanted($0.name) }
    let tensors = try load(stateDict.map(\.tensor))
    return zip(stateDict, tensors).map { ($0.name, $1) }
  }

  /// Loads tensors of this file to the CPU, in their stored shapes and row-major order, each with its own memory.
  ///
  /// - Throws: ``PyTorchCheckpointError``, `FileError`.
  public func load(_ tensors: [StoredTensor]) throws -> [Tensor] {
    struct Content: Hashable {
      let storage: String
      let dtype: DType
    }
    func content(_ tensor: StoredTensor) -> Content {
      Content(storage: tensor.storage, dtype: tensor.dtype)
    }
    // Each storage is read once and released after its last tensor.
    var users = Dictionary(grouping: tensors.filter { $0.byteCount > 0 }, by: content).mapValues(
      \.count)
    var shared: [Content: Tensor] = [:]
    return try tensors.map { tensor in
      guard tensor.byteCount > 0 else { return .zeros(tensor.shape, dtype: tensor.dtype) }
      let content = content(tensor)
      let isShared = users[content]! > 1 || shared[content] != nil
      users[content]! -= 1
      let storage = try shared[content] ?? elements(of: content.storage, content.dtype)
      shared[content] = users[content]! > 0 ? storage : nil
      if !isShared && tensor.byteCount == storage.count * tensor.dtype.byteCount,
        tensor.isContiguous
      {
        return storage.reshaped(tensor.shape)
      }
      // The strides of axes of size 1 are meaningless.
      let strides = zip(tensor.shape, tensor.strides).map { $0 == 1 ? 1 : $1 }
      let view = Operators.asStrided(
        .tensor(storage), .ints(tensor.shape), .ints(strides), .int(tensor.offset))
      return view.isContiguous() ? view.clone() : view.contiguous()
    }
  }

  /// The elements of a storage, [count].
  private func elements(of storage: String, _ dtype: DType) throws -> Tensor {
    do {
      var bytes = try storages.read(storage, width: dtype.byteCount)
      let count = bytes.count / dtype.byteCount
      bytes.removeLast(bytes.count - count * dtype.byteCount)
      guard dtype != .bool || bytes.allSatisfy({ $0 <= 1 }) else {
        throw Unsound("its storage \(quoted(storage)) holds bytes that are neither true nor false")
      }
      return bytes.withUnsafeBytes { Tensor(bytes: $0, shape: [count], dtype: dtype) }
    } catch let error as Unsound {
      throw PyTorchCheckpointError(path: path, problem: error.problem)
    }
  }
}

extension PyTorchObject {
  /// The tensors of a dictionary that otherwise contains only numbers, text, None and unsupported values; else the reason
  /// why not.
  fileprivate var tensorsBesideData: Result<[(name: String, tensor: Leaf)], Unsound> {
    guard case .dictionary(let entries) = self else {
      return .failure(Unsound("no dictionary"))
    }
    var tensors: [(name: String, tensor: Leaf)] = []
    for entry in entries {
      switch (entry.key, entry.value) {
      case (.string(let name), .tensor(let leaf)): tensors.append((name, leaf))
      case (_, .other(let object)) where object.isTensor:
        return .failure(Unsound("a dictionary with a \(object.type), which is not supported"))
      case (_, .tensor):
        return .failure(Unsound("a dictionary with a tensor whose key is not text"))
      case (.string(let name), .list), (.string(let name), .tuple),
        (.string(let name), .dictionary):
        return .failure(
          Unsound("a dictionary with more than tensors and plain values, as \(quoted(name))"))
      case (_, .list), (_, .tuple), (_, .dictionary):
        return .failure(Unsound("a dictionary with more than tensors and plain values"))
      default: continue
      }
    }
    return tensors.isEmpty ? .failure(Unsound("a dictionary without a tensor")) : .success(tensors)
  }
}

extension StoredTensor {
  /// True if the elements lie in row-major order without gaps.
  fileprivate var isContiguous: Bool {
    var distance = 1
    for (extent, stride) in zip(shape, strides).reversed() {
      guard extent == 1 || stride == distance else { return false }
      distance *= extent
    }
    return true
  }
}
