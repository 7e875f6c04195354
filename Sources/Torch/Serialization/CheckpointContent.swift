import Foundation
import SafeFiles

/// The parts of a `torch.save` file in any of its formats.
struct CheckpointContent {
  let pickle: Pickle<TensorInterpreter>
  /// The size of the pickle in bytes.
  let pickleSize: Int
  let storages: StorageBytes
  let metadata: [String: String]
}

/// The position of the elements of each storage, by the storage's key.
enum StorageBytes: Sendable {
  /// Entries of an archive, all in one folder.
  case entries(ZipArchive, folder: String, isBigEndian: Bool)
  /// Ranges of the file, little-endian.
  case extents(InputFile, [String: Range<Int>])

  /// All bytes of a storage in this machine's byte order for elements of `width` bytes.
  ///
  /// - Throws: ``Unsound``, `FileError`.
  func read(_ key: String, width: Int) throws -> [UInt8] {
    switch self {
    case .entries(let archive, let folder, let isBigEndian):
      var bytes = try archive.read(archive.entries["\(folder)data/\(key)"]!)
      guard isBigEndian else { return bytes }
      for start in stride(from: 0, through: bytes.count - width, by: width) {
        bytes[start..<(start + width)].reverse()
      }
      return bytes
    case .extents(let file, let extents):
      return try file.read(extents[key]!)
    }
  }
}

extension CheckpointContent {
  /// The maximum size of a pickle in bytes; a state dict of a hundred thousand tensors fits.
  private static let maximalPickle = 32 << 20

  /// Reads all parts except the elements.
  ///
  /// - Throws: ``Unsound``, `FileError`.
  init(_ file: InputFile) throws {
    switch try CheckpointForm(of: file) {
    case .tar:
      throw Unsound(
        "it is a tar archive, the format from before PyTorch 0.1.10; convert it in Python: "
          + "torch.save(torch.load(\"old.pth\", map_location=\"cpu\", weights_only=False), \"new.pth\")"
      )
    case .pickles: try self.init(pickles: file)
    case .archive, nil: try self.init(archive: file)
    }
  }
}

/// The formats of `torch.save` files, recognized by their first bytes.
enum CheckpointForm {
  /// The format before PyTorch 0.1.10.
  case tar
  /// The format before PyTorch 1.6.
  case pickles
  case archive

  /// Nil for other files.
  ///
  /// - Throws: `FileError`.
  init?(of file: InputFile) throws {
    let start = try file.read(0..<min(file.size, 512))
    // The length of a safetensors header may begin with any bytes.
    let isSafetensors = start.count > 8 && start[7] == 0 && start[8] == UInt8(ascii: "{")
    if start.starts(with: "PK".utf8), !isSafetensors {
      self = .archive
    } else if start.count == 512, start[257..<262].elementsEqual("ustar".utf8), !isSafetensors {
      self = .tar
    } else if start.count > 1, start[0] == 0x80, 2...5 ~= start[1], !isSafetensors {
      self = .pickles
    } else {
      return nil
    }
  }
}

// MARK: - Archives

extension CheckpointContent {
  private init(archive file: InputFile) throws {
    let archive = try ZipArchive(file)
    let pickles = archive.entries.values.filter { entry in
      entry.name.hasSuffix("/data.pkl") && entry.name.count(where: { $0 == "/" }) == 1
    }
    guard let pickle = pickles.first, pickles.count == 1 else {
      throw Unsound("it is a zip archive without a single data.pkl, which torch.save writes")
    }
    let folder = String(pickle.name.dropLast("data.pkl".count))
    guard archive.entries["\(folder)constants.pkl"] == nil else {
      throw Unsound("it holds a TorchScript program; save its state_dict() with torch.save")
    }
    storages = .entries(
      archive, folder: folder, isBigEndian: try Self.isBigEndian(archive, folder))
    metadata = try Self.metadata(archive, folder)
    guard pickle.size <= Self.maximalPickle else {
      throw Unsound("its pickle claims \(pickle.size) bytes")
    }
    pickleSize = pickle.size
    self.pickle = try Pickle(
      try archive.read(pickle), interpreter: TensorInterpreter(hasViews: false))
    for (key, storage) in self.pickle.interpreter.storages {
      guard let entry = archive.entries["\(folder)data/\(key)"] else {
        throw Unsound("it lacks the storage \(quoted(key))")
      }
      guard entry.size == storage.bytes.count else {
        throw Unsound(
          "its storage \(quoted(key)) has \(entry.size) bytes instead of \(storage.bytes.count)"
        )
      }
    }
  }

  private static func isBigEndian(_ archive: ZipArchive, _ folder: String) throws -> Bool {
    // Older files have no such entry. They come from little-endian machines.
    guard let entry = archive.entries["\(folder)byteorder"] else { return false }
    switch entry.size <= 16 ? String(decoding: try archive.read(entry), as: UTF8.self) : "" {
    case "little": return false
    case "big": return true
    default: throw Unsound("its byte order is neither little-endian nor big-endian")
    }
  }

  private static func metadata(_ archive: ZipArchive, _ folder: String) throws -> [String: String] {
    guard let entry = archive.entries[folder + PyTorchCheckpoint.metadataEntry] else { return [:] }
    guard entry.size <= 4 << 20,
      let texts = try? JSONDecoder().decode(
        [String: String].self, from: Data(try archive.read(entry)))
    else { throw Unsound("its metadata is not text by name") }
    return texts
  }
}

// MARK: - Consecutive pickles

extension CheckpointContent {
  /// The file contains five pickles: a magic number, the protocol's number, the machine's properties, the object and the
  /// storages' keys. After them, for each storage in the order of the keys, follow the number of elements (8 bytes) and
  /// the elements.
  private init(pickles file: InputFile) throws {
    var cursor = ByteCursor(try file.read(0..<min(file.size, Self.maximalPickle)))
    func pickle() throws -> Pickle<TensorInterpreter> {
      try Pickle(&cursor, interpreter: TensorInterpreter(hasViews: true))
    }
    /// A pickle without tensors.
    func data() throws -> PyTorchObject<StoredTensor> {
      let start = cursor.position
      let pickle = try pickle()
      return try PyTorchObject(pickle, byteCount: cursor.position - start) { _ in nil }
    }
    guard try data() == .string("\(0x1950_A86A_20F9_469C_FC6C as Int128)") else {
      throw Unsound(
        "it is a pickle, but was not written by torch.save; save its tensors with torch.save")
    }
    guard try data() == .integer(1001) else {
      throw Unsound("its protocol is not 1001, which PyTorch used before 1.6")
    }
    guard try data()["little_endian"] == .bool(true) else {
      throw Unsound("it is not marked as little-endian, and other files are not supported")
    }
    let start = cursor.position
    let object = try pickle()
    pickleSize = cursor.position - start
    guard case .list(let keys) = try data() else { throw Unsound("it has no list of storages") }

    var missing = object.interpreter.storages
    var extents: [String: Range<Int>] = [:]
    var position = cursor.position
    for key in keys {
      guard case .string(let key) = key, let storage = missing.removeValue(forKey: key) else {
        throw Unsound("it has a duplicate storage, or one without a tensor")
      }
      let size = storage.bytes.count
      guard file.size - position >= 8, file.size - position - 8 >= size else {
        throw Unsound("its storage \(quoted(key)) is truncated")
      }
      var header = ByteCursor(try file.read(position..<(position + 8)))
      let count = header.integer(Int64.self)!
      guard count == size / storage.elementSize else {
        throw Unsound(
          "its storage \(quoted(key)) has \(count) elements instead of \(size / storage.elementSize)"
        )
      }
      extents[key] = (position + 8)..<(position + 8 + size)
      position += 8 + size
    }
    if let key = missing.keys.min() { throw Unsound("it lacks the storage \(quoted(key))") }
    guard position == file.size else {
      throw Unsound("it has \(file.size - position) bytes after its last storage")
    }
    self.pickle = object
    storages = .extents(file, extents)
    metadata = [:]
  }
}
