import Foundation
import SafeFiles

/// A file of torch.save (.pt, .pth, .pyth) open for reading: a zip archive with a pickle and the tensors' elements.
///
/// Reading runs none of the pickle's code. Tensors, lists, tuples, dictionaries, numbers, text and None are read;
/// anything else is refused by name. ``object`` tells of the tensors without loading them.
public struct PyTorchCheckpoint: Sendable {
  public let path: String
  /// What was saved.
  public let object: PyTorchObject<StoredTensor>
  /// Text by name beside the object, as ``write(_:metadata:to:)`` leaves it; PyTorch does not look at it.
  public let metadata: [String: String]

  private let archive: ZipArchive
  private let isBigEndian: Bool
}

/// A file that is no sound checkpoint of PyTorch, or holds more than data.
public struct PyTorchCheckpointError: Error, Sendable, CustomStringConvertible {
  public let path: String
  public let problem: String
  public var description: String { "\(path) is no readable PyTorch checkpoint: \(problem)" }
}

extension PyTorchCheckpoint {
  /// The largest pickle that is read, in bytes; a state dict of a hundred thousand tensors fits.
  private static let maximalPickle = 32 << 20
  static let metadataEntry = "extra/metadata.json"

  /// Opens a file and reads all but the tensors' elements; every size in it is checked against the file's.
  ///
  /// - Throws: ``PyTorchCheckpointError`` where the file is torn, unsound or holds anything but data,
  ///   `FileError` where it cannot be read.
  public init(contentsOf path: String) throws {
    let file = try InputFile(path: path)
    do {
      try Self.refuseOtherForms(file)
      let archive = try ZipArchive(file)
      let pickles = archive.entries.values.filter { entry in
        entry.name.hasSuffix("/data.pkl") && entry.name.count(where: { $0 == "/" }) == 1
      }
      guard let pickle = pickles.first, pickles.count == 1 else {
        throw Unsound("it is a zip archive without the one data.pkl of torch.save")
      }
      let folder = String(pickle.name.dropLast("data.pkl".count))
      guard archive.entries["\(folder)constants.pkl"] == nil else {
        throw Unsound("it holds a TorchScript program; save its state_dict() with torch.save")
      }
      isBigEndian = try Self.isBigEndian(archive, folder)
      metadata = try Self.metadata(archive, folder)
      guard pickle.size <= Self.maximalPickle else {
        throw Unsound("its pickle claims \(pickle.size) bytes")
      }
      let machine = try Pickle(
        try archive.read(pickle), interpreter: TensorInterpreter(archive, folder: folder))
      // Strides of 0 and shared storages let a small file claim tensors of any size.
      var room = (16 << 20) + 16 * file.size
      object = try PyTorchObject(machine, byteCount: pickle.size) { object in
        guard let tensor = machine.interpreter.tensor(object) else { return nil }
        guard tensor.byteCount <= room else {
          throw Unsound("its tensors claim over 16 times the file's size")
        }
        room -= tensor.byteCount
        return tensor
      }
      self.archive = archive
      self.path = path
    } catch let error as Unsound {
      throw PyTorchCheckpointError(path: path, problem: error.problem)
    }
  }

  /// Names the forms that are not read, and the way to one that is.
  private static func refuseOtherForms(_ file: InputFile) throws {
    let start = try file.read(0..<min(file.size, 512))
    let isTar = start.count == 512 && start[257..<262].elementsEqual("ustar".utf8)
    // A pickle of PyTorch's magic number, in protocols 2 and above.
    let magic: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    let isLegacy =
      start.first == 0x80
      && start.prefix(32).indices.contains { place in
        start[place...].starts(with: magic)
      }
    guard !isTar, !isLegacy else {
      throw Unsound(
        "it has the form from before PyTorch 1.6; convert it in Python: "
          + "torch.save(torch.load(\"old.pth\", map_location=\"cpu\"), \"new.pth\")")
    }
  }

  private static func isBigEndian(_ archive: ZipArchive, _ folder: String) throws -> Bool {
    // Absent from older files, which come from little-endian machines.
    guard let entry = archive.entries["\(folder)byteorder"] else { return false }
    switch entry.size <= 16 ? String(decoding: try archive.read(entry), as: UTF8.self) : "" {
    case "little": return false
    case "big": return true
    default: throw Unsound("its byte order is neither little nor big")
    }
  }

  private static func metadata(_ archive: ZipArchive, _ folder: String) throws -> [String: String] {
    guard let entry = archive.entries[folder + metadataEntry] else { return [:] }
    guard entry.size <= 4 << 20,
      let texts = try? JSONDecoder().decode(
        [String: String].self, from: Data(try archive.read(entry)))
    else { throw Unsound("its metadata is no text by name") }
    return texts
  }
}

// MARK: - State dicts

extension PyTorchCheckpoint {
  /// Where state dicts are found below a checkpoint's root: the released MoSI code's name first.
  private static let stateDictKeys = ["model_state", "state_dict", "model"]

  /// The tensors of the model by name, in the file's order and not loaded: the whole object where it is a dictionary
  /// of nothing but tensors, else that under `model_state`, `state_dict` or `model`.
  ///
  /// - Throws: ``PyTorchCheckpointError`` where there is none.
  public func stateDict() throws -> [(name: String, tensor: StoredTensor)] {
    let candidates = [object] + Self.stateDictKeys.compactMap { object[$0] }
    guard let tensors = candidates.lazy.compactMap(\.tensors).first(where: { !$0.isEmpty }) else {
      throw PyTorchCheckpointError(
        path: path,
        problem: "it holds no state dict, neither as a whole nor under "
          + Self.stateDictKeys.joined(separator: ", "))
    }
    return tensors
  }

  /// The same as summaries.
  ///
  /// - Throws: ``PyTorchCheckpointError`` where there is none.
  public func summary() throws -> [TensorSummary] {
    try stateDict().map { name, tensor in
      TensorSummary(name: name, dtype: tensor.dtype, shape: tensor.shape)
    }
  }

  /// The same, loaded.
  ///
  /// - Throws: ``PyTorchCheckpointError``, `FileError`.
  public func loadStateDict() throws -> [(name: String, tensor: Tensor)] {
    let stateDict = try stateDict()
    let tensors = try load(stateDict.map(\.tensor))
    return zip(stateDict, tensors).map { ($0.name, $1) }
  }

  /// Loads tensors of this file to the CPU, each with memory of its own and its elements without gaps, in row-major
  /// order.
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
    // A storage is read once and let go after its last tensor.
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
      // Strides of axes that have one element mean nothing.
      let strides = zip(tensor.shape, tensor.strides).map { $0 == 1 ? 1 : $1 }
      let view = Operators.asStrided(
        .tensor(storage), .ints(tensor.shape), .ints(strides), .int(tensor.offset))
      return view.isContiguous() ? view.clone() : view.contiguous()
    }
  }

  /// The elements of a storage, [count].
  private func elements(of storage: String, _ dtype: DType) throws -> Tensor {
    do {
      var bytes = try archive.read(archive.entries[storage]!)
      let count = bytes.count / dtype.byteCount
      bytes.removeLast(bytes.count - count * dtype.byteCount)
      if isBigEndian {
        for start in stride(from: 0, to: bytes.count, by: dtype.byteCount) {
          bytes[start..<(start + dtype.byteCount)].reverse()
        }
      }
      guard dtype != .bool || bytes.allSatisfy({ $0 <= 1 }) else {
        throw Unsound("its storage \(quoted(storage)) holds bytes that are neither true nor false")
      }
      return bytes.withUnsafeBytes { Tensor(bytes: $0, shape: [count], dtype: dtype) }
    } catch let error as Unsound {
      throw PyTorchCheckpointError(path: path, problem: error.problem)
    }
  }
}

extension StoredTensor {
  /// True where the elements lie in row-major order without gaps.
  fileprivate var isContiguous: Bool {
    var distance = 1
    for (extent, stride) in zip(shape, strides).reversed() {
      guard extent == 1 || stride == distance else { return false }
      distance *= extent
    }
    return true
  }
}
