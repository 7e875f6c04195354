import Foundation
import KeyedRandom
import SafeFiles
import TestSupport
import Testing
import Torch

/// The path of a file written by make_checkpoints.py.
private func checkpoint(_ name: String) -> String {
  Bundle.module.golden(file: "checkpoints/\(name).pt")
}

/// The content of a checkpoint as make_checkpoints.py describes it.
private func text(_ checkpoint: PyTorchCheckpoint) throws -> String {
  var leaves: [StoredTensor] = []
  collect(checkpoint.object, into: &leaves)
  var tensors = try checkpoint.load(leaves)[...]
  return text(checkpoint.object) { stored in
    let tensor = tensors.removeFirst()
    #expect(tensor.shape == stored.shape && tensor.dtype == stored.dtype && tensor.isContiguous())
    return tensor
  }
}

private func collect(_ object: PyTorchObject<StoredTensor>, into leaves: inout [StoredTensor]) {
  switch object {
  case .list(let items), .tuple(let items): for item in items { collect(item, into: &leaves) }
  case .dictionary(let entries):
    for entry in entries {
      collect(entry.key, into: &leaves)
      collect(entry.value, into: &leaves)
    }
  case .tensor(let tensor): leaves.append(tensor)
  default: break
  }
}

private func text<Leaf>(_ object: PyTorchObject<Leaf>, _ tensor: (Leaf) -> Tensor) -> String {
  switch object {
  case .none: return "None"
  case .bool(let value): return value ? "True" : "False"
  case .integer(let value): return "\(value)"
  case .number(let value):
    let digits = String(value.bitPattern, radix: 16)
    return "float " + String(repeating: "0", count: 16 - digits.count) + digits
  case .string(let value): return "\"\(value)\""
  case .other(let object): return "<\(object.type)>"
  case .list(let items):
    return "[" + items.map { text($0, tensor) }.joined(separator: ", ") + "]"
  case .tuple(let items):
    return "(" + items.map { text($0, tensor) }.joined(separator: ", ") + ")"
  case .dictionary(let entries):
    let lines = entries.map { "\(text($0.key, tensor)): \(text($0.value, tensor))" }
    return "{" + lines.joined(separator: ", ") + "}"
  case .tensor(let leaf):
    let tensor = tensor(leaf)
    return "\(tensor.dtype)\(tensor.shape)" + hex(tensor)
  }
}

/// The bytes of the elements in row-major order.
private func hex(_ tensor: Tensor) -> String {
  var bytes = [UInt8](repeating: 0, count: tensor.count * tensor.dtype.byteCount)
  bytes.withUnsafeMutableBytes { tensor.copyBytes(to: $0) }
  return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// The output of Python.
private func run(_ script: String, _ arguments: String...) throws -> String {
  let printed = try output(
    of: #require(pythonWithTorch), ["-W", "ignore", "-c", script] + arguments)
  return String(decoding: printed, as: UTF8.self)
}

// MARK: - Reading

@Suite struct PyTorchCheckpointTests {
  /// All types, views, shared storages, parameters, containers, protocols, and byte orders.
  @Test func filesHoldWhatPyTorchSaved() throws {
    let goldens = try golden("checkpoints", as: [String: String].self)
    #expect(goldens.count >= 30)
    for (name, expected) in goldens {
      #expect(try text(PyTorchCheckpoint(contentsOf: checkpoint(name))) == expected, "\(name)")
    }
  }

  /// The error is one sentence that names the problem, in addition to the path.
  @Test(arguments: [
    ("function", "__builtin__.print"), ("arguments", "__builtin__.print"),
    ("module", "torch.nn.modules.linear.Linear"), ("date", "datetime.date"),
    ("large integer", "128 bits"), ("legacy function", "__builtin__.print"),
    ("big-endian legacy", "little-endian"), ("pickle", "not written by torch.save"),
    ("script", "TorchScript"),
    ("compressed", "compressed"),
  ])
  func unsupportedValuesAreRejectedByName(name: String, word: String) {
    let path = checkpoint("refused \(name)")
    let error = #expect(throws: PyTorchCheckpointError.self) {
      try PyTorchCheckpoint(contentsOf: path)
    }
    #expect(error?.problem.contains(word) == true, "\(error?.problem ?? "")")
    #expect(error?.description.hasPrefix("\(path) is not a readable PyTorch checkpoint: ") == true)
  }

  /// Also next to numbers, text and None.
  @Test(arguments: [
    "module", "module with weights only", "released", "model", "model_state_dict", "beside data",
    "torchvision", "legacy torchvision", "legacy module", "legacy module with weights only",
    "legacy released", "legacy model", "training", "training protocol 4", "legacy training",
    "reconstructed", "reconstructed protocol 4",
  ])
  func stateDictsAreFound(name: String) throws {
    let tensors = try PyTorchCheckpoint(contentsOf: checkpoint(name)).loadStateDict()
    #expect(tensors.map(\.name).prefix(2) == ["0.weight", "0.bias"] && tensors.count == 7)
    #expect(tensors[0].tensor.shape == [2, 1, 1, 1, 1])
    #expect(tensors[1].tensor.array(of: Float.self)[0] == -2)
    #expect(tensors[6].tensor.array(of: Int.self) == [3])
  }

  @Test(arguments: ["nested", "tensor", "number", "empty"])
  func missingStateDictsAreReported(name: String) throws {
    let file = try PyTorchCheckpoint(contentsOf: checkpoint(name))
    let error = #expect(throws: PyTorchCheckpointError.self) { try file.stateDict() }
    #expect(error?.problem.contains("model_state, state_dict, model") == true)
    #expect(error?.problem.contains("the whole is") == true)
  }

  /// If a weight were skipped, the network would keep its random one.
  @Test func unsupportedTensorsInAStateDictAreErrors() throws {
    let file = try PyTorchCheckpoint(contentsOf: checkpoint("other tensors"))
    let error = #expect(throws: PyTorchCheckpointError.self) { try file.stateDict() }
    #expect(error?.problem.contains("a complex64 tensor, which is not supported") == true)
  }

  /// A named state dict precedes tensors next to data; other content of a dictionary is an error.
  @Test func stateDictsAreLookedForInOrder() throws {
    func names(_ object: PyTorchObject<Tensor>) throws -> [String] {
      var names: [String] = []
      try withScratchFile { path in
        try PyTorchCheckpoint.write(object, to: path)
        names = try PyTorchCheckpoint(contentsOf: path).stateDict().map(\.name)
      }
      return names
    }
    func dictionary(_ entries: [(String, PyTorchObject<Tensor>)]) -> PyTorchObject<Tensor> {
      .dictionary(entries.map { .init(.string($0), $1) })
    }
    let tensor = PyTorchObject.tensor(Tensor([Float(1)]))
    let (a, b) = (dictionary([("a", tensor), ("n", .none)]), dictionary([("b", tensor)]))
    let empty = dictionary([("name", .string("r3d"))])
    #expect(try names(dictionary([("mean", tensor), ("epoch", .integer(3)), ("net", a)])) == ["a"])
    #expect(try names(dictionary([("weights", b), ("state_dict", a)])) == ["a"])
    #expect(try names(dictionary([("model", empty), ("network", b)])) == ["b"])
    #expect(try names(dictionary([("model", tensor), ("weight", tensor)])) == ["model", "weight"])
    let error = #expect(throws: PyTorchCheckpointError.self) {
      try names(dictionary([("model", empty), ("mean", tensor), ("steps", .list([]))]))
    }
    #expect(
      error?.problem.hasSuffix(
        ": model is a dictionary without a tensor; the whole is a dictionary with more than tensors "
          + "and plain values, as \"model\"") == true)
  }

  @Test(arguments: ["module", "legacy module", "legacy protocol 4", "refused pickle"])
  func checkpointsAreRecognizedByTheirBytes(name: String) throws {
    #expect(try PyTorchCheckpoint.recognizes(checkpoint(name)))
  }

  /// Headers whose length begins like pickles and archives.
  @Test func safetensorsFilesAreNotCheckpoints() throws {
    try withScratchFile { path in
      for length in [0x280, 0x4B50] {
        var json = Data("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}".utf8)
        json.append(Data(repeating: 0x20, count: length - json.count))
        let file = Data((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }) + json
        try (file + Data([1, 2])).write(to: URL(fileURLWithPath: path))
        #expect(try !PyTorchCheckpoint.recognizes(path) && Safetensors.recognizes(path))
        #expect(try Safetensors(contentsOf: path).tensors["a"]?.shape == [2])
      }
    }
  }

  /// Opening a pipe without a writer would wait forever.
  @Test func pipesAreRejectedImmediately() throws {
    try withScratchFile { path in
      #expect(mkfifo(path, 0o600) == 0)
      #expect(throws: FileError.self) { try PyTorchCheckpoint.recognizes(path) }
      #expect(throws: FileError.self) { try PyTorchCheckpoint(contentsOf: path) }
      #expect(throws: FileError.self) { try Safetensors.recognizes(path) }
    }
  }

  @Test func summariesNameTensorsInTheFilesOrder() throws {
    let summary = try PyTorchCheckpoint(contentsOf: checkpoint("released")).summary()
    #expect(
      summary.prefix(2) == [
        TensorSummary(name: "0.weight", dtype: .float32, shape: [2, 1, 1, 1, 1]),
        TensorSummary(name: "0.bias", dtype: .float32, shape: [2]),
      ])
    #expect(summary.last == TensorSummary(name: "1.num_batches_tracked", dtype: .int64, shape: []))
  }

  /// Writing to a tensor must not change another that shared its storage in the file.
  @Test func loadedTensorsShareNoMemory() throws {
    let file = try PyTorchCheckpoint(contentsOf: checkpoint("views"))
    let tensors = try file.loadStateDict()
    let before = tensors.map { hex($0.tensor) }
    let whole = tensors.first { $0.name == "whole" }!.tensor
    whole.copy(from: Tensor.zeros(whole.shape))
    for (index, (name, tensor)) in tensors.enumerated() where name != "whole" {
      #expect(hex(tensor) == before[index], "\(name)")
    }
  }

  @Test func releasedCheckpointsAreReadCompletely() throws {
    guard let fixtures = shared("fixtures") else {
      print("skipped: no fixtures beside the checkout")
      return
    }
    for name in ["r2d3d18-w8-mosi", "r2d3d18-w8-hmdb51", "r2plus1d10-w8-mosi"] {
      let file = try PyTorchCheckpoint(contentsOf: "\(fixtures)/\(name).pyth")
      let keys = try String(decoding: readFile(at: "\(fixtures)/\(name).keys.txt"), as: UTF8.self)
        .split(separator: "\n")
      let tensors = try file.loadStateDict()
      #expect(tensors.count == keys.count && keys.count > 100)
      for (key, (name, tensor)) in zip(keys, tensors) {
        #expect(key.split(separator: " ").first.map(String.init) == name)
        #expect(!tensor.dtype.isFloatingPoint || tensor.doubles.allSatisfy(\.isFinite))
      }
      #expect(file.object["epoch"] == .integer(99))
      guard case .string? = file.object["cfg"] else {
        Issue.record("\(name) has no text cfg")
        continue
      }
    }
  }
}

// MARK: - Arguments of programs

/// Pickles with an `argparse.Namespace`, which training programs save beside the weights: it is read as a value of which only
/// the type is known, and nothing else gets in with it.
@Suite struct NamespaceTests {
  /// What a file has that holds these instructions, one byte a character, between PROTO and STOP.
  private func object(_ pickle: String) throws -> PyTorchObject<StoredTensor>? {
    let instructions = pickle.unicodeScalars.map { UInt8($0.value) }
    var object: PyTorchObject<StoredTensor>?
    try withScratchFile { path in
      let archive = FileMutator.archive([
        (Array("a/data.pkl".utf8), [0x80, 2] + instructions + Array(".".utf8))
      ])
      try Data(archive).write(to: URL(fileURLWithPath: path))
      object = try PyTorchCheckpoint(contentsOf: path).object
    }
    return object
  }

  /// `Namespace.__new__(Namespace)`
  private static let new = "cargparse\nNamespace\n)\u{81}"
  /// The beginning of the dictionary {"a": …}.
  private static let attribute = "}X\u{1}\0\0\0a"
  /// A value in 200 tuples, which is too deep elsewhere.
  private static let deep = "N" + String(repeating: "\u{85}", count: 200)

  private static let namespaces = [
    new, "\(new)}b", "\(new)\(attribute)K\u{1}sb",
    // Another Namespace, and itself
    "\(new)\(attribute)\(new)}bsb", "\(new)q\0\(attribute)h\0sb", "\(new)\(attribute)\(deep)sb",
    // Twice
    "\(new)}b}b",
    // By Python's function for objects, with names of Python 2 and 3
    "ccopy_reg\n_reconstructor\ncargparse\nNamespace\nc__builtin__\nobject\nN\u{87}R}b",
    "ccopyreg\n_reconstructor\n(cargparse\nNamespace\ncbuiltins\nobject\nNtR}b",
  ]

  @Test(arguments: namespaces) func namespacesAreOnlyTypes(pickle: String) throws {
    guard case .other(let value)? = try object(pickle) else {
      Issue.record("not another value: \(pickle)")
      return
    }
    #expect(value.type == "argparse.Namespace" && !value.isTensor)
  }

  /// Harmless values, with their types.
  @Test(arguments: [
    ("cpathlib\nPosixPath\nX\u{1}\0\0\0/\u{85}R", "pathlib.PosixPath"),
    ("cpathlib._local\nPosixPath\n)R", "pathlib.PosixPath"),
    ("cpathlib\nWindowsPath\n)R", "pathlib.WindowsPath"),
    ("cnumpy.core.multiarray\nscalar\n)R", "numpy scalar"),
    ("ctorch\ndevice\nX\u{4}\0\0\0cuda\u{85}R", "torch.device"),
  ])
  func plainValuesAreOnlyTypes(pickle: String, type: String) throws {
    guard case .other(let value)? = try object(pickle) else {
      Issue.record("not another value: \(pickle)")
      return
    }
    #expect(value.type == type && !value.isTensor)
  }

  /// With words of the error.
  private static let unsound: [(String, String)] = [
    // Attributes of something else: the class, a list, None; and attributes that are none
    ("cargparse\nNamespace\n}b", "something that is not a dictionary"),
    ("]}b", "something that is not a dictionary"), ("N}b", "something that is not a dictionary"),
    ("\(new)]b", "a Namespace attributes that are not"),
    ("\(new)Nb", "a Namespace attributes that are not"),
    ("\(new)\(new)b", "a Namespace attributes that are not"),
    ("\(new)N}\u{86}b", "a Namespace attributes that are not"), ("\(new)b", "empty stack"),
    // Objects of other types, or with arguments
    ("cargparse\nNamespace\n(Nt\u{81}", "makes an object"),
    ("cargparse\nNamespace\n]\u{81}", "makes an object"),
    ("cargparse\nNamespace\nN\u{81}", "makes an object"),
    ("ccollections\nOrderedDict\n)\u{81}", "makes an object"),
    ("ctorch\nFloatStorage\n)\u{81}", "makes an object"), ("N)\u{81}", "makes an object"),
    (")\u{81}", "empty stack"), ("\u{81}", "empty stack"), ("(\u{81}", "empty stack"),
    ("cargparse\nNamespace\n)R", "makes an object"), ("cbuiltins\nobject\n)R", "makes an object"),
    (
      "ccopyreg\n_reconstructor\n(ccollections\nOrderedDict\ncbuiltins\nobject\nNtR",
      "makes an object"
    ),
    (
      "ccopyreg\n_reconstructor\n(cargparse\nNamespace\ncbuiltins\nset\nNtR",
      "makes an object"
    ),
    (
      "ccopyreg\n_reconstructor\n(cargparse\nNamespace\ncbuiltins\nobject\n}tR",
      "makes an object"
    ),
    ("ccopyreg\n_reconstructor\ncargparse\nNamespace\n\u{85}R", "makes an object"),
    ("ccopyreg\n_reconstructor\n)R", "makes an object"),
    // Code, wherever it is
    ("cos\nsystem\n)\u{81}", "\"os.system\""),
    ("\(new)\(attribute)cos\nsystem\nX\u{2}\0\0\0ls\u{85}Rsb", "\"os.system\""),
    ("\(new)\(attribute)c__builtin__\neval\nsb", "\"__builtin__.eval\""),
    ("ccopyreg\n_reconstructor\n(csubprocess\nPopen\n", "\"subprocess.Popen\""),
    ("cargparse\nArgumentParser\n)\u{81}", "\"argparse.ArgumentParser\""),
    ("ccopyreg\n__newobj__\n", "\"copyreg.__newobj__\""),
    ("cpathlib\nos\n", "\"pathlib.os\""),
    ("cnumpy.core.multiarray\n_reconstruct\n", "\"numpy.core.multiarray._reconstruct\""),
    // Other values are not nested any deeper for it
    ("]\(new)}ba\(deep)a", "deep"), ("\(new)\(attribute)", "more than one object"),
  ]

  @Test(arguments: unsound) func nothingElseIsRead(pickle: String, word: String) throws {
    let error = #expect(throws: PyTorchCheckpointError.self) { try object(pickle) }
    #expect(error?.problem.contains(word) == true, "\(error?.problem ?? "read")")
  }
}

// MARK: - Writing

@Suite struct PyTorchCheckpointWritingTests {
  private static let everyType: [(name: String, tensor: Tensor)] = [
    ("z last letter first", Tensor([Float(0.1), -0.0, .infinity], shape: [1, 3])),
    ("u8", Tensor([UInt8(0), 7, 255])), ("i8", Tensor([Int8(-128), 127])),
    ("i16", Tensor([Int16.min, .max])), ("i32", Tensor([Int32.min, .max])),
    ("i64", Tensor([Int64.min, .max], shape: [2, 1])), ("f64", Tensor([0.1, -1e300])),
    ("f16", Tensor([Float(0.1), 65504]).to(.float16)),
    ("bf16", Tensor([Float(0.1), -3e38, 1]).to(.bfloat16)), ("bool", Tensor([true, false, true])),
    ("scalar", Tensor(scalar: Float(2.5))), ("empty", .zeros([0, 3])),
    ("naïve/näme \"quoted\"", Tensor([Float(1)])),
    ("channels last", Tensor.keyed(1, shape: [2, 3, 2, 2, 2]).contiguous(.channelsLast3d)),
    ("transposed", Tensor.keyed(2, shape: [2, 3]).permuted([1, 0])),
  ]

  private static let released = PyTorchObject<Tensor>.dictionary([
    .init(.string("epoch"), .integer(99)), .init(.string("model_state"), .stateDict(everyType)),
    .init(.string("optimizer_state"), .dictionary([])), .init(.string("cfg"), .string("A: 1\n")),
    .init(
      .integer(-1),
      .list([
        .none, .bool(true), .bool(false), .number(0.1), .integer(1 << 40), .tuple([.list([])]),
      ])
    ),
  ])

  @Test func everythingRoundTrips() throws {
    try withScratchFile { path in
      try PyTorchCheckpoint.write(Self.released, metadata: ["π": "3\n\"14\"", "a": ""], to: path)
      let file = try PyTorchCheckpoint(contentsOf: path)
      #expect(try text(file) == text(Self.released) { $0 })
      #expect(file.metadata == ["π": "3\n\"14\"", "a": ""])
      #expect(try file.stateDict().map(\.name) == Self.everyType.map(\.name))
    }
  }

  @Test func equalContentsAreEqualFiles() throws {
    try withScratchFile { path in
      try PyTorchCheckpoint.write(
        stateDict: Self.everyType, metadata: ["b": "", "a": ""], to: path)
      let first = try readFile(at: path)
      let file = try PyTorchCheckpoint(contentsOf: path)
      try PyTorchCheckpoint.write(
        stateDict: file.loadStateDict(), metadata: file.metadata, to: path)
      #expect(try readFile(at: path) == first)
    }
  }

  /// Also when the file is mapped into memory, for which elements are aligned to 64 bytes.
  @Test func pyTorchReadsTheSame() throws {
    guard pythonWithTorch != nil else {
      print("skipped: no Python with PyTorch at .libtorch/venv/bin/python or MOSI_TORCH_PYTHON")
      return
    }
    let script = try golden("make_checkpoints", "py")
      .split(separator: "\nTYPES = ")[1].split(separator: "\nclass Rebuilt")[0]
    try withScratchFile { path in
      try PyTorchCheckpoint.write(Self.released, metadata: ["a": "b"], to: path)
      let expected = text(Self.released) { $0 }
      let printed = try run(
        """
        import argparse, pathlib, struct, sys, types, torch
        TYPES = \(script)
        for mmap in (False, True):
            value = torch.load(sys.argv[1], weights_only=True, mmap=mmap)
            assert all(t.is_contiguous() and not t.requires_grad for t in value["model_state"].values())
            assert not mmap or all(t.data_ptr() % 64 == 0 for t in value["model_state"].values())
            sys.stdout.buffer.write(text(value).encode() + b"\\0")
        """, path)
      #expect(printed == "\(expected)\0\(expected)\0")
    }
  }

  @Test func oldFilesStayIfWritingFails() throws {
    #expect(throws: FileError.self) {
      try PyTorchCheckpoint.write(stateDict: [], to: "/nowhere/model.pth")
    }
    #expect(throws: FileError.self) { try PyTorchCheckpoint(contentsOf: "/nowhere/model.pth") }
    #expect(throws: FileError.self) {
      try PyTorchCheckpoint(contentsOf: FileManager.default.temporaryDirectory.path)
    }
  }

  /// For more than 65535 entries, the counts are in the zip64 records.
  @Test func manyTensorsNeedZip64() throws {
    try withScratchFile { path in
      let one = Tensor([UInt8(7)])
      try PyTorchCheckpoint.write(stateDict: (0..<66_000).map { ("\($0)", one) }, to: path)
      let summary = try PyTorchCheckpoint(contentsOf: path).summary()
      #expect(summary.count == 66_000 && summary.last?.name == "65999")
    }
  }
}
