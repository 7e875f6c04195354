import Foundation
import SafeFiles
import TestSupport
import Testing
import Torch

/// Files that try to crash, hang or exhaust a reader: each gives tensors or a typed error.
@Suite struct HostileCheckpointTests {
  private typealias Bytes = [UInt8]

  private func write(_ bytes: Bytes, to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  /// A checkpoint with these instructions between PROTO and STOP, and with a storage "0" of 16 bytes.
  private func file(_ pickle: Bytes) -> Bytes {
    FileMutator.archive([
      (Bytes("a/data.pkl".utf8), [0x80, 2] + pickle + Bytes(".".utf8)),
      (Bytes("a/data/0".utf8), Bytes(repeating: 1, count: 16)),
    ])
  }

  private func problem(_ bytes: Bytes) throws -> String? {
    var problem: String?
    try withScratchFile { path in
      try write(bytes, to: path)
      do {
        let file = try PyTorchCheckpoint(contentsOf: path)
        if case .tensor(let tensor) = file.object { _ = try file.load([tensor]) }
        if case .tuple(let items) = file.object {
          _ = try file.load(
            items.compactMap { item in
              if case .tensor(let tensor) = item { tensor } else { nil }
            })
        }
      } catch let error as PyTorchCheckpointError {
        problem = error.problem
      }
    }
    return problem
  }

  private static func long(_ number: Int) -> Bytes { [0x8A, 8] + FileMutator.bytes(number, 8) }

  private static func tuple(_ numbers: [Int]) -> Bytes {
    Bytes("(".utf8) + numbers.flatMap(long) + Bytes("t".utf8)
  }

  /// The pickle of a tensor with the storage, which has 4 floats.
  private static func tensor(
    offset: Int = 0, shape: [Int] = [2, 2], strides: [Int] = [2, 1], count: Int = 4,
    type: String = "FloatStorage", key: String = "0"
  ) -> Bytes {
    let text = { (text: String) in
      Bytes("X".utf8) + FileMutator.bytes(text.utf8.count, 4) + text.utf8
    }
    return Bytes("ctorch._utils\n_rebuild_tensor_v2\n((".utf8) + text("storage")
      + Bytes("ctorch\n\(type)\n".utf8) + text(key) + text("cpu") + long(count) + Bytes("tQ".utf8)
      + long(offset) + tuple(shape) + tuple(strides) + [0x89]
      + Bytes("ccollections\nOrderedDict\n)RtR".utf8)
  }

  /// The files below are invalid for the intended reason.
  @Test func validFilesBuiltTheSameWayAreRead() throws {
    for pickle in [
      Self.tensor(), Self.tensor(offset: 3, shape: [], strides: []),
      Self.tensor(offset: 1, shape: [3, 1, 1], strides: [1, 1 << 62, 0]),
      Self.tensor(offset: 99, shape: [0, 7], strides: [7, 1]),
      Self.tensor(shape: [2], strides: [1], count: 2, type: "LongStorage"),
      Self.tensor(shape: [16], strides: [1], count: 16, type: "BoolStorage"),
    ] {
      #expect(try problem(file(pickle)) == nil)
    }
  }

  static let unsoundTensors: [[UInt8]] = [
    tensor(offset: 1), tensor(offset: -1), tensor(offset: .max), tensor(shape: [5], strides: [1]),
    tensor(shape: [2], strides: [4]), tensor(shape: [2], strides: [-1]),
    tensor(shape: [-2, -2]), tensor(shape: [4], strides: [1, 1]),
    tensor(shape: [.max, .max], strides: [0, 0]), tensor(shape: [1 << 62, 0], strides: [0, 0]),
    tensor(shape: [3], strides: [.max]), tensor(shape: [3, 3], strides: [.max / 2, .max / 2]),
    tensor(shape: [1 << 40], strides: [0]), tensor(shape: [1 << 20, 1 << 5], strides: [0, 0]),
    tensor(shape: Array(repeating: 1, count: 17), strides: Array(repeating: 1, count: 17)),
    tensor(count: 5), tensor(count: -4), tensor(count: .max), tensor(count: 1 << 62),
    tensor(type: "DoubleStorage"), tensor(type: "FooStorage"), tensor(key: "1"),
    tensor(key: "../data.pkl"), tensor(key: ""), tensor(key: String(repeating: "0", count: 60_000)),
    tensor(shape: [2], strides: [1], count: 16, type: "HalfStorage"),
  ]

  @Test(arguments: unsoundTensors.indices)
  func tensorsBeyondTheirStorageAreRefused(index: Int) throws {
    #expect(try problem(file(Self.unsoundTensors[index])) != nil)
  }

  @Test func booleansOtherThanZeroAndOneAreRejected() throws {
    let pickle = Self.tensor(shape: [4], strides: [4], count: 16, type: "BoolStorage")
    var entries = FileMutator.entries(of: file(pickle))
    #expect(try problem(FileMutator.archive(entries)) == nil)
    entries[1].bytes[15] = 2
    #expect(try problem(FileMutator.archive(entries))?.contains("neither true nor false") == true)
  }

  /// Pickles that expand without end, contain themselves, are nested deeply, or misuse the stack, with words of the
  /// error.
  static let unsoundPickles: [(pickle: String, word: String)] = [
    (String(repeating: "](", count: 200) + String(repeating: "e", count: 199), "more than one"),
    (String(repeating: "](", count: 200) + "N" + String(repeating: "e", count: 200), "deep"),
    ("]q\u{0}(h\u{0}e", "deep"), ("}q\u{0}(Nh\u{0}u", "deep"),
    ("(]q\u{0}" + String(repeating: "](h\u{0}h\u{0}eq\u{0}", count: 60) + "t", "unfold"),
    ("}(NNNNu", "twice"), ("}(N]N]u", "twice"),
    ("}(X\u{1}\u{0}\u{0}\u{0}aNX\u{1}\u{0}\u{0}\u{0}aNu", "\"a\" twice"),
    ("}(NNNu", "without a value"), ("]NNs", "not a dictionary"), ("}Na", "not a list"),
    ("(", "empty stack"),
    ("t", "empty stack"), ("", "empty stack"), ("(N(e", "not a list"), ("h\u{9}", "did not store"),
    ("NN", "more than one"),
    ("N.N", "more than one"), ("X\u{FF}", "truncated"), ("NR", "not a name"),
    ("NQ", "not a storage"),
    (")Q", "not a storage"),
    ("cos\nsystem\nX\u{2}\u{0}\u{0}\u{0}lsR", "\"os.system\""), ("c", "truncated"),
    ("cos\n", "truncated"),
    ("ccollections\nCounter\n(]tR", "something else"),
    ("ccollections\nCounter\n(}}tR", "something else"),
    ("ctorch\nSize\n(]tR", "as PyTorch does not"), ("C\u{9}", "truncated"),
    ("ctorch._tensor\n_rebuild_from_type_v2\nq\u{0}(h\u{0}NNNtR", "as PyTorch does not"),
    ("ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nN)NtR", "\"os.system\""),
    ("ctorch._utils\n_rebuild_tensor_v2\n)R", "as PyTorch does not"), ("N}b", "not a dictionary"),
    ("ccollections\nOrderedDict\n(](e\u{0}", "instruction 0x0"), ("I1\n", "instruction 0x49"),
    ("ctorch._utils\n_rebuild_parameter\n(NNNtR", "as PyTorch does not"),
  ]

  @Test(arguments: unsoundPickles.indices)
  func invalidPicklesAreRejected(index: Int) throws {
    let (pickle, word) = Self.unsoundPickles[index]
    let problem = try problem(file(Bytes(pickle.utf8)))
    #expect(problem?.contains(word) == true, "\(problem ?? "read")")
  }

  /// A million nested tuples would exhaust the stack of a recursive reader.
  @Test func deepNestingIsRejected() throws {
    #expect(
      try problem(file(Bytes("N".utf8) + Bytes(repeating: 0x85, count: 1_000_000)))?.contains(
        "deep")
        == true)
  }

  /// The same long key many times: hashing it must not take longer than proportional to the file.
  @Test func longKeysCountByTheirLength() throws {
    let text =
      Bytes("X".utf8) + FileMutator.bytes(100_000, 4) + Bytes(repeating: 97, count: 100_000)
    let dictionaries = Bytes(String(repeating: "}h\u{1}Ns", count: 100_000).utf8)
    let pickle = Bytes("(".utf8) + text + Bytes("q\u{1}".utf8) + dictionaries + Bytes("t".utf8)
    #expect(try problem(file(pickle))?.contains("unfold") == true)
  }

  @Test func namesInErrorsAreShortAndPlain() throws {
    let pickle = "c" + String(repeating: "a", count: 5000) + "\u{1B}[31m\nb\n"
    let problem = try #require(try problem(file(Bytes(pickle.utf8))))
    #expect(problem.utf8.count < 400 && !problem.contains("\u{1B}"))
  }

  // MARK: - Pickles one after another

  private static func text(_ text: String) -> Bytes {
    Bytes("X".utf8) + FileMutator.bytes(text.utf8.count, 4) + text.utf8
  }

  /// A storage's identity in a pickle; of a part where `view` has instructions for one.
  private static func storage(
    _ key: String = "0", count: Int = 4, type: String = "FloatStorage",
    view: Bytes = Bytes("N".utf8)
  ) -> Bytes {
    Bytes("(".utf8) + text("storage") + Bytes("ctorch\n\(type)\n".utf8) + text(key) + text("cpu")
      + long(count) + view + Bytes("tQ".utf8)
  }

  private static func part(_ key: String, _ first: Int, _ count: Int) -> Bytes {
    Bytes("(".utf8) + text(key) + long(first) + long(count) + Bytes("t".utf8)
  }

  /// All elements of a storage.
  private static func vector(_ storage: Bytes, _ count: Int) -> Bytes {
    Bytes("ctorch._utils\n_rebuild_tensor\n(".utf8) + storage + long(0) + tuple([count])
      + tuple([1])
      + Bytes("tR".utf8)
  }

  /// A file in the form from before PyTorch 1.6.
  private static func old(
    _ objects: Bytes..., keys: [String] = ["0"], counts: [Int] = [4], data: Int = 16,
    magic: Bytes = [0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19],
    version: Bytes = long(1001),
    machine: Bytes = Bytes("}".utf8) + text("little_endian") + [0x88, 0x73]
  ) -> Bytes {
    let object = Bytes("(".utf8) + objects.flatMap { $0 } + Bytes("t".utf8)
    let list = Bytes("](".utf8) + keys.flatMap(text) + Bytes("e".utf8)
    var file: Bytes = []
    for pickle in [magic, version, machine, object, list] { file += [0x80, 2] + pickle + [0x2E] }
    for count in counts { file += FileMutator.bytes(count, 8) + Bytes(repeating: 1, count: data) }
    return file
  }

  @Test func oldFilesWithFalseClaimsAreRejected() throws {
    let whole = Self.vector(Self.storage(), 4)
    func part(_ first: Int, _ count: Int, key: String = "1", length: Int? = nil) -> Bytes {
      Self.vector(Self.storage(view: Self.part(key, first, count)), length ?? count)
    }
    for sound in [
      Self.old(whole), Self.old(whole, whole, part(2, 2), part(2, 2)), Self.old(part(4, 0)),
      Self.old(keys: [], counts: []), Self.old(part(0, 4, key: "0")),
      Self.old(
        whole, Self.vector(Self.storage("1"), 4), keys: ["1", "0"], counts: [4, 4]),
    ] {
      #expect(try problem(sound) == nil)
    }
    func expect(_ word: String, _ file: Bytes) throws {
      let problem = try problem(file)
      #expect(problem?.contains(word) == true, "\(problem ?? "read"), expected \(word)")
    }
    try expect("not written by torch.save", Self.old(whole, magic: Self.long(1)))
    try expect("1001", Self.old(whole, version: Self.long(1002)))
    try expect("little-endian", Self.old(whole, machine: Bytes("}".utf8)))
    try expect("little-endian", Self.old(whole, machine: Bytes("N".utf8)))
    try expect("little-endian", Self.old(whole, machine: Self.storage()))
    try expect("claims -4", Self.old(Self.vector(Self.storage(count: -4), 0)))
    try expect("claims", Self.old(Self.vector(Self.storage(count: 1 << 62), 4)))
    try expect("claims", Self.old(Self.vector(Self.storage(count: .max), 4)))
    try expect(
      "truncated", Self.old(Self.vector(Self.storage(count: 1 << 40), 4), counts: [1 << 40]))
    try expect("two sizes", Self.old(whole, Self.vector(Self.storage(count: 3), 3)))
    try expect("two sizes", Self.old(whole, Self.vector(Self.storage(type: "IntStorage"), 4)))
    try expect("beyond its storage", Self.old(Self.vector(Self.storage(), 5)))
    try expect("beyond its storage", Self.old(part(2, 1, length: 2)))
    try expect("beyond \"0\"", Self.old(part(3, 2)))
    try expect("claims", Self.old(part(-1, 2)))
    try expect("claims", Self.old(part(.max, 2)))
    try expect("two sizes", Self.old(part(0, 2), part(1, 2)))
    try expect("two sizes", Self.old(part(0, 2, key: "0")))
    try expect("two sizes", Self.old(part(0, 4), Self.vector(Self.storage("1"), 4)))
    try expect(
      "not a storage", Self.old(Self.vector(Self.storage(view: Self.tuple([1, 2, 3])), 4)))
    try expect("not a storage", Self.old(Self.vector(Self.storage(view: []), 4)))
    try expect("lacks the storage", Self.old(whole, keys: [], counts: []))
    try expect("duplicate", Self.old(whole, keys: ["0", "0"], counts: [4, 4]))
    try expect("without a tensor", Self.old(whole, keys: ["0", "1"], counts: [4, 4]))
    try expect("without a tensor", Self.old(part(0, 2), keys: ["0", "1"], counts: [4, 4]))
    for count in [3, 5, -4, .max] {
      try expect("elements instead of 4", Self.old(whole, counts: [count]))
    }
    try expect("after its last", Self.old(whole, data: 17))
    try expect("after its last", Self.old(keys: [], counts: [4]))
    try expect(
      "16 times",
      Self.old(
        whole,
        Bytes("ctorch._utils\n_rebuild_tensor\n(".utf8) + Self.storage() + Self.long(0)
          + Self.tuple([1 << 30]) + Self.tuple([0]) + Bytes("tR".utf8)))
    try expect(
      "neither true nor false",
      Self.old(Self.vector(Self.storage(count: 17, type: "BoolStorage"), 17), counts: [17]) + [2])
    try expect(
      "tar archive",
      Bytes(repeating: 0x70, count: 257) + Bytes("ustar".utf8)
        + Bytes(repeating: 0, count: 250))
  }

  @Test func oldFilesTruncatedAnywhereAreRejected() throws {
    let whole = Self.old(Self.vector(Self.storage(), 4))
    for count in 0..<whole.count {
      #expect(try problem(Array(whole.prefix(count))) != nil, "\(count) of \(whole.count) bytes")
    }
  }

  // MARK: - Archives

  @Test func archivesWithFalseClaimsAreRejected() throws {
    let sound = file(Self.tensor())
    #expect(try problem(sound) == nil)
    let entries = FileMutator.entries(of: sound)
    func expect(_ word: String, _ bytes: Bytes) throws {
      let problem = try problem(bytes)
      #expect(problem?.contains(word) == true, "\(problem ?? "read"), expected \(word)")
    }
    try expect("not a zip", [])
    try expect("not a zip", Bytes(repeating: 0, count: 100_000))
    try expect("two entries", FileMutator.archive(entries + [entries[1]]))
    try expect("lacks the storage", FileMutator.archive([entries[0]]))
    try expect("without a single", FileMutator.archive([entries[1]]))
    try expect(
      "without a single",
      FileMutator.archive(entries + [(Bytes("b/data.pkl".utf8), entries[0].bytes)]))
    try expect("UTF-8", FileMutator.archive([entries[0], ([0xFF], [])]))
    try expect("byte order", FileMutator.archive(entries + [(Bytes("a/byteorder".utf8), [])]))
    try expect(
      "metadata", FileMutator.archive(entries + [(Bytes("a/extra/metadata.json".utf8), [0x7B])]))

    // The lines of the directory: of the pickle, then of the storage.
    let pickleLine = sound.count - 22 - 46 * 2 - 10 - 8
    let storageLine = pickleLine + 46 + 10
    func changed(_ place: Int, _ bytes: Bytes) -> Bytes {
      var file = sound
      file.replaceSubrange(place..<(place + bytes.count), with: bytes)
      return file
    }
    let storage = 30 + 10 + entries[0].bytes.count
    #expect(Array(sound[storage..<(storage + 4)]) == [0x50, 0x4B, 3, 4])
    try expect("encrypted", changed(storageLine + 8, [1]))
    try expect("compressed", changed(storageLine + 10, [8]))
    try expect("checksum", changed(storageLine + 16, [1, 2, 3, 4]))
    try expect("checksum", changed(storage + 30 + 8, [7]))
    try expect(
      "claims bytes", changed(storageLine + 20, [0xFE, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF]))
    try expect("claims bytes", changed(storageLine + 20, [15]))
    try expect("directory is damaged", changed(storageLine + 20, Bytes(repeating: 0xFF, count: 8)))
    try expect("directory is damaged", changed(storageLine + 28, [0xFF, 0xFF]))
    try expect("directory is damaged", changed(storageLine, [0]))
    try expect("overlap", changed(storageLine + 42, FileMutator.bytes(0, 4)))
    try expect("claims bytes", changed(storageLine + 42, FileMutator.bytes(sound.count, 4)))
    try expect("not where", changed(storage, [0]))
    try expect("truncated", changed(storage + 28, [0xFF, 0xFF]))
    try expect("beyond the end", changed(sound.count - 14, [0xFE, 0xFF, 0xFE, 0xFF]))
    try expect("several parts", changed(sound.count - 14, [0xFE, 0xFF]))
    try expect("beyond the end", changed(sound.count - 10, [0xFE, 0xFF, 0xFF, 0xFF]))
    try expect("end record", changed(sound.count - 6, [0xFF, 0xFF, 0xFF, 0xFF]))
  }

  @Test func filesTruncatedAnywhereAreRejected() throws {
    try withScratchFile { path in
      try PyTorchCheckpoint.write(stateDict: [("a", Tensor([Float(1), 2]))], to: path)
      let whole = Bytes(try readFile(at: path))
      for count in 0..<whole.count {
        try write(Array(whole.prefix(count)), to: path)
        #expect(throws: PyTorchCheckpointError.self, "\(count) of \(whole.count) bytes") {
          try PyTorchCheckpoint(contentsOf: path)
        }
      }
    }
  }

  /// Files of PyTorch and of our own, changed at random: read or refused with a typed error.
  @Test func mutatedFilesNeverCrash() throws {
    let folder = URL(fileURLWithPath: Bundle.module.golden(file: "checkpoints"))
    let seeds = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      .filter { !$0.hasPrefix("refused") }
      .map { Bytes(try readFile(at: folder.appendingPathComponent($0).path)) }
    try withScratchFile { path in
      var (read, refused) = (0, 0)
      for round in 0..<4000 as Range<UInt64> {
        var mutator = FileMutator(78, round)
        try write(mutator.mutant(ofCheckpoints: seeds), to: path)
        do {
          let file = try PyTorchCheckpoint(contentsOf: path)
          if let stateDict = try? file.stateDict() { _ = try file.load(stateDict.map(\.tensor)) }
          read += 1
        } catch is PyTorchCheckpointError {
          refused += 1
        }
      }
      #expect(read > 200 && refused > 1000, "\(read) read, \(refused) refused")
    }
  }
}
