import Foundation
import SafeFiles

extension PyTorchCheckpoint {
  /// Writes a file that `torch.load(path, weights_only=True)` opens. An existing file at `path` is replaced only when the
  /// new one is complete. Equal contents give equal files.
  ///
  /// Every tensor, of any shape, is written with a storage of its own. `metadata` is stored outside the object, where
  /// PyTorch ignores it and ``metadata`` reads it.
  ///
  /// - Throws: `FileError`.
  public static func write(
    _ object: PyTorchObject<Tensor>, metadata: [String: String] = [:], to path: String
  ) throws {
    var pickle = PickleWriter()
    pickle.add(object)
    try replaceFile(at: path) { temporary in
      let file = try OutputFile(temporary, for: path)
      var archive = ZipWriter(file)
      try archive.add("archive/data.pkl", pickle.finished())
      try archive.add("archive/byteorder", Array("little".utf8))
      for (index, tensor) in pickle.tensors.enumerated() {
        try tensor.withElements { try archive.add("archive/data/\(index)", $0) }
      }
      if !metadata.isEmpty {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try archive.add("archive/\(metadataEntry)", Array(encoder.encode(metadata)))
      }
      try archive.add("archive/version", Array("3\n".utf8))
      try archive.finish()
      try file.close()
    }
  }

  /// Writes a plain state dict: tensors of any shape by unique names, in this order.
  ///
  /// - Throws: `FileError`.
  public static func write(
    stateDict: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to path: String
  ) throws {
    try write(.stateDict(stateDict), metadata: metadata, to: path)
  }
}

extension PyTorchObject {
  /// A dictionary of tensors by unique names, in this order.
  public static func stateDict(_ tensors: [(name: String, tensor: Leaf)]) -> PyTorchObject {
    precondition(Set(tensors.map(\.name)).count == tensors.count, "a name comes twice")
    return .dictionary(tensors.map { Entry(.string($0.name), .tensor($0.tensor)) })
  }
}

/// Writes a pickle in protocol 2, like torch.save but without its memo.
private struct PickleWriter {
  /// The tensors in the order of their storages' names, which count from 0.
  private(set) var tensors: [Tensor] = []
  private var bytes: [UInt8] = [0x80, 2]

  func finished() -> [UInt8] { bytes + [UInt8(ascii: ".")] }

  mutating func add(_ object: PyTorchObject<Tensor>) {
    switch object {
    case .none: code("N")
    case .bool(let value): bytes.append(value ? 0x88 : 0x89)
    case .integer(let value): add(value)
    case .number(let value):
      code("G")
      bytes.append(value.bitPattern.byteSwapped, as: UInt64.self)
    case .string(let value): add(value)
    case .list(let items):
      code("](")
      for item in items { add(item) }
      code("e")
    case .tuple(let items):
      code("(")
      for item in items { add(item) }
      code("t")
    case .dictionary(let entries):
      code("}(")
      for entry in entries {
        add(entry.key)
        add(entry.value)
      }
      code("u")
    case .tensor(let tensor): add(tensor)
    case .other(let object): preconditionFailure("a \(object.type) cannot be written")
    }
  }

  /// _rebuild_tensor_v2(storage, 0, shape, strides, requires_grad=False, backward_hooks=OrderedDict())
  private mutating func add(_ tensor: Tensor) {
    let shape = tensor.shape
    var strides: [Int] = []
    var distance = 1
    for extent in shape.reversed() {
      strides.insert(distance, at: 0)
      distance *= max(extent, 1)
    }
    code("ctorch._utils\n_rebuild_tensor_v2\n((")
    add("storage")
    code("ctorch\n\(tensor.dtype.storageName)\n")
    add("\(tensors.count)")
    add("cpu")
    add(tensor.count)
    code("tQ")
    add(0)
    add(shape)
    add(strides)
    bytes.append(0x89)
    code("ccollections\nOrderedDict\n)RtR")
    tensors.append(tensor)
  }

  private mutating func code(_ codes: String) { bytes += codes.utf8 }

  private mutating func add(_ numbers: [Int]) {
    code("(")
    for number in numbers { add(number) }
    code("t")
  }

  private mutating func add(_ number: Int) {
    if let number = Int32(exactly: number) {
      code("J")
      bytes.append(number, as: Int32.self)
    } else {
      bytes += [0x8A, 8]
      bytes.append(Int64(number), as: Int64.self)
    }
  }

  private mutating func add(_ text: String) {
    code("X")
    bytes.append(UInt32(text.utf8.count), as: UInt32.self)
    bytes += text.utf8
  }
}
