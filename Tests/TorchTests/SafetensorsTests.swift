import Foundation
import SafeFiles
import TestSupport
import Testing
import Torch

@Suite struct SafetensorsTests {
  private static let everyType = Safetensors(
    tensors: [
      "u8": Tensor([UInt8(0), 7, 255]), "i8": Tensor([Int8(-128), 127]),
      "i16": Tensor([Int16.min, .max]), "i32": Tensor([Int32.min, .max]),
      "i64": Tensor([Int64.min, .max], shape: [2, 1]), "f64": Tensor([0.1, -1e300]),
      "f32": Tensor([Float(0.1), -0.0, .infinity], shape: [1, 3]),
      "f16": Tensor([Float(0.1), 65504]).to(.float16),
      "bf16": Tensor([Float(0.1), -3e38, 1]).to(.bfloat16), "bool": Tensor([true, false, true]),
      "scalar": Tensor(scalar: Float(2.5)), "count": Tensor(scalar: 12),
      "empty": .zeros([0, 3]), "naïve/näme \"quoted\"": Tensor([Float(1)]),
      "last": Tensor.keyed(1, shape: [2, 3, 2, 2, 2]).contiguous(.channelsLast3d),
    ], metadata: ["format": "pt", "π": "3\n\"14\""])

  @Test func everyTypeRoundTrips() throws {
    try withScratchFile { path in
      try Self.everyType.write(to: path)
      let read = try Safetensors(contentsOf: path)
      #expect(read.metadata == Self.everyType.metadata)
      #expect(read.tensors.keys.sorted() == Self.everyType.tensors.keys.sorted())
      for (name, tensor) in Self.everyType.tensors {
        #expect(read.tensors[name]!.isEqual(to: tensor), "\(name)")
      }
    }
  }

  /// An evaluation needs a third of a checkpoint.
  @Test func singleTensorsCanBeRead() throws {
    try withScratchFile { path in
      try Self.everyType.write(to: path)
      let read = try Safetensors(contentsOf: path) { ["f16", "last", "absent"].contains($0) }
      #expect(read.tensors.keys.sorted() == ["f16", "last"])
      #expect(read.tensors["last"]!.isEqual(to: Self.everyType.tensors["last"]!))
      #expect(read.metadata == Self.everyType.metadata)
    }
  }

  @Test func rewritingGivesTheSameBytes() throws {
    try withScratchFile { path in
      try Self.everyType.write(to: path)
      let first = try readFile(at: path)
      try Safetensors(contentsOf: path).write(to: path)
      #expect(try readFile(at: path) == first)
    }
  }

  @Test func summariesNeedNoElements() throws {
    try withScratchFile { path in
      try Self.everyType.write(to: path)
      let summary = try Safetensors.summary(of: path)
      #expect(summary.metadata == Self.everyType.metadata)
      #expect(summary.tensors.first == TensorSummary(name: "count", dtype: .int64, shape: []))
      #expect(
        Set(summary.tensors)
          == Set(
            Self.everyType.tensors.map {
              TensorSummary(name: $0, dtype: $1.dtype, shape: $1.shape)
            }))
    }
  }

  /// Colons and quotes inside names do not separate keys.
  @Test func namesMayLookLikeJSON() throws {
    try withScratchFile { path in
      let odd = Safetensors(
        tensors: ["a\":{\\\"b\\\":": Tensor([UInt8(1)])], metadata: ["\\": "{\"x\":1,\"x\":2}"])
      try odd.write(to: path)
      let read = try Safetensors(contentsOf: path)
      #expect(read.metadata == odd.metadata && Set(read.tensors.keys) == Set(odd.tensors.keys))
    }
  }

  @Test func emptyStateIsAValidFile() throws {
    try withScratchFile { path in
      try Safetensors(tensors: [:]).write(to: path)
      let read = try Safetensors(contentsOf: path)
      #expect(read.tensors.isEmpty && read.metadata.isEmpty)
    }
  }

  /// The file as another program reads it, according to the format's description. Elements are aligned to their size, as
  /// by the reference writer: some readers map the file into memory.
  @Test func filesAreWhatTheFormatSays() throws {
    try withScratchFile { path in
      try Self.everyType.write(to: path)
      let bytes = [UInt8](try readFile(at: path))
      let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
      #expect(length % 8 == 0 && bytes[8] == UInt8(ascii: "{"))
      let header = try #require(
        JSONSerialization.jsonObject(with: Data(bytes[8..<(8 + length)])) as? [String: Any])
      let data = Array(bytes[(8 + length)...])
      var covered = 0
      for (name, tensor) in Self.everyType.tensors {
        let entry = try #require(header[name] as? [String: Any], "\(name)")
        let offsets = try #require(entry["data_offsets"] as? [Int])
        #expect(entry["shape"] as? [Int] == tensor.shape)
        #expect(offsets[1] - offsets[0] == tensor.count * tensor.dtype.byteCount)
        #expect(offsets[0] % tensor.dtype.byteCount == 0, "\(name) is not aligned")
        covered += offsets[1] - offsets[0]
      }
      #expect(covered == data.count)
      func slice(_ name: String) -> ArraySlice<UInt8> {
        let offsets = (header[name] as! [String: Any])["data_offsets"] as! [Int]
        return data[offsets[0]..<offsets[1]]
      }
      #expect((header["bf16"] as! [String: Any])["dtype"] as? String == "BF16")
      #expect(slice("bf16").suffix(2) == [0x80, 0x3F])
      #expect(slice("f32").prefix(4) == [0xCD, 0xCC, 0xCC, 0x3D])
      #expect(slice("i16") == [0x00, 0x80, 0xFF, 0x7F])
      #expect(slice("bool") == [1, 0, 1])
      #expect(slice("count") == [12, 0, 0, 0, 0, 0, 0, 0])
    }
  }

  @Test func filesThatAreNotThereOrFoldersAreFileErrors() throws {
    let missing = #expect(throws: FileError.self) {
      try Safetensors(contentsOf: "/nowhere/model.safetensors")
    }
    #expect(
      missing?.description == "cannot read /nowhere/model.safetensors: No such file or directory")
    #expect(throws: FileError.self) {
      try Safetensors(contentsOf: FileManager.default.temporaryDirectory.path)
    }
    #expect(throws: FileError.self) {
      try Safetensors(tensors: [:]).write(to: "/nowhere/model.safetensors")
    }
  }

  // MARK: - Hostile files

  /// A file with this header and this number of data bytes.
  private func file(_ header: String, data: Int = 0, length: UInt64? = nil) -> Data {
    let json = Data(header.utf8)
    var bytes = withUnsafeBytes(of: (length ?? UInt64(json.count)).littleEndian) { Data($0) }
    bytes.append(json)
    bytes.append(Data(count: data))
    return bytes
  }

  private static func entry(
    _ shape: String = "[2]", _ offsets: String = "[0,8]", dtype: String = "\"F32\""
  ) -> String { "{\"dtype\":\(dtype),\"shape\":\(shape),\"data_offsets\":\(offsets)}" }

  static let unsoundHeaders: [String] = [
    "", "{", "[]", "null", "7", "\"x\"", "{\"a\":1}", "{\"a\":null}", "{\"a\":[]}", "{\"a\":{}}",
    "{\"a\":\(entry(dtype: "\"F99\""))}", "{\"a\":\(entry(dtype: "3"))}",
    "{\"a\":\(entry("[-2]"))}", "{\"a\":\(entry("[-1,-2]"))}", "{\"a\":\(entry("[2.5]"))}",
    "{\"a\":\(entry("[\"2\"]"))}", "{\"a\":\(entry("2"))}", "{\"a\":\(entry("[1e99]"))}",
    "{\"a\":\(entry("[9223372036854775807,9223372036854775807]"))}",
    "{\"a\":\(entry("[18446744073709551618]"))}", "{\"a\":\(entry("[4611686018427387906]"))}",
    "{\"a\":\(entry("[3]"))}", "{\"a\":\(entry("[2]", "[8,0]"))}",
    "{\"a\":\(entry("[2]", "[-8,0]"))}", "{\"a\":\(entry("[2]", "[0]"))}",
    "{\"a\":\(entry("[2]", "[0,8,16]"))}", "{\"a\":\(entry("[2]", "[4,12]"))}",
    "{\"a\":\(entry("[2]", "[0,16]"))}", "{\"a\":\(entry("[1]", "[0,4]"))}",
    "{\"a\":\(entry("[99999999999]", "[0,399999999996]"))}",
    "{\"a\":\(entry("[2]", "[9223372036854775799,9223372036854775807]"))}",
    // Two tensors with the same bytes, one inside another, and a gap between them.
    "{\"a\":\(entry()),\"b\":\(entry())}",
    "{\"a\":\(entry()),\"b\":\(entry("[1]", "[4,8]"))}",
    "{\"a\":\(entry("[0]", "[0,0]")),\"b\":\(entry("[1]", "[4,8]"))}",
    "{\"__metadata__\":3,\"a\":\(entry())}", "{\"__metadata__\":{\"k\":1},\"a\":\(entry())}",
    "{\"a\":\(entry("[1]", "[0,4]")),\"a\":\(entry("[1]", "[4,8]"))}",
    // Duplicate keys, also in another spelling: readers disagree about which one counts.
    "{\"a\":\(entry()),\"a\":\(entry())}", "{\"a\":\(entry()),\"\\u0061\":\(entry())}",
    "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"},\"a\":\(entry())}",
    "{\"a\":{\"dtype\":\"F64\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
    // No elements, but sizes whose product overflows in allocators.
    "{\"a\":\(entry()),\"b\":\(entry("[0,4611686018427387904,4611686018427387904]", "[8,8]"))}",
    "{\"a\":\(entry()),\"b\":\(entry("[4611686018427387904,4611686018427387904,0]", "[8,8]"))}",
    "{\"a\":\(entry("[\(Array(repeating: "1", count: 500).joined(separator: ","))]", "[0,4]"))}",
    String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
  ]

  @Test(arguments: unsoundHeaders.indices)
  func unsoundHeadersAreRefused(index: Int) throws {
    try withScratchFile { path in
      try file(Self.unsoundHeaders[index], data: 8).write(to: URL(fileURLWithPath: path))
      let error = #expect(
        throws: SafetensorsError.self, "\(Self.unsoundHeaders[index].prefix(80))"
      ) {
        try Safetensors(contentsOf: path)
      }
      #expect(error?.description.hasPrefix("\(path) is not a readable safetensors file: ") != false)
    }
  }

  @Test(arguments: ["F8_E4M3", "U16", "U64", "F4"])
  func typesThatAreNotReadAreNamed(type: String) throws {
    try withScratchFile { path in
      try file("{\"a\":\(Self.entry(dtype: "\"\(type)\""))}", data: 8)
        .write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: SafetensorsError.self) { try Safetensors.summary(of: path) }
      #expect(error?.problem == "it stores \"a\" as \"\(type)\", which is not supported")
    }
  }

  /// The entries above are invalid for the intended reason and not because of a mistake in the test.
  @Test func theSoundHeaderIsRead() throws {
    try withScratchFile { path in
      try file("{\"a\":\(Self.entry())}", data: 8).write(to: URL(fileURLWithPath: path))
      #expect(try Safetensors(contentsOf: path).tensors["a"]?.shape == [2])
    }
  }

  @Test(arguments: [UInt64.max, 1 << 63, 1 << 40, 1000, 101])
  func absurdHeaderLengthsAreRefused(length: UInt64) throws {
    try withScratchFile { path in
      try file("{\"a\":\(Self.entry())}", data: 8, length: length)
        .write(to: URL(fileURLWithPath: path))
      #expect(throws: SafetensorsError.self) { try Safetensors(contentsOf: path) }
    }
  }

  @Test func textThatIsNotUTF8IsRejected() throws {
    try withScratchFile { path in
      var bytes = file("{\"a\":\(Self.entry())}", data: 8)
      bytes[10] = 0xFF
      try bytes.write(to: URL(fileURLWithPath: path))
      #expect(throws: SafetensorsError.self) { try Safetensors(contentsOf: path) }
    }
  }

  /// A Swift Bool with any other byte is undefined behavior.
  @Test func booleansOtherThanZeroAndOneAreRejected() throws {
    try withScratchFile { path in
      var bytes = file("{\"a\":\(Self.entry("[2]", "[0,2]", dtype: "\"BOOL\""))}", data: 2)
      bytes[bytes.count - 1] = 2
      try bytes.write(to: URL(fileURLWithPath: path))
      #expect(throws: SafetensorsError.self) { try Safetensors(contentsOf: path) }
    }
  }

  @Test func filesTruncatedAnywhereAreRejected() throws {
    try withScratchFile { path in
      try Safetensors(
        tensors: ["a": Tensor([Float(1), 2]), "b": Tensor([UInt8(3)])], metadata: ["k": "v"]
      ).write(to: path)
      let whole = try readFile(at: path)
      for count in 0..<whole.count {
        try whole.prefix(count).write(to: URL(fileURLWithPath: path))
        #expect(throws: SafetensorsError.self, "\(count) of \(whole.count) bytes") {
          try Safetensors(contentsOf: path)
        }
      }
      try (whole + [0]).write(to: URL(fileURLWithPath: path))
      #expect(throws: SafetensorsError.self) { try Safetensors(contentsOf: path) }
    }
  }

  /// Files changed at random are read or rejected with a typed error.
  @Test func mutatedFilesNeverCrash() throws {
    try withScratchFile { path in
      try Safetensors(
        tensors: [
          "a": Tensor([Float(1), 2]), "b": Tensor([true]), "c": .zeros([0, 2]),
          "d": Tensor([1, 2, 3], shape: [3, 1]),
        ], metadata: ["k": "v"]
      ).write(to: path)
      let whole = [UInt8](try readFile(at: path))
      var read = 0
      var refused = 0
      for round in 0..<3000 as Range<UInt64> {
        var mutator = FileMutator(77, round)
        try Data(mutator.mutant(ofSafetensors: [whole])).write(to: URL(fileURLWithPath: path))
        do {
          _ = try Safetensors(contentsOf: path)
          read += 1
        } catch is SafetensorsError {
          refused += 1
        }
      }
      #expect(read > 20 && refused > 1000, "\(read) read, \(refused) refused")
    }
  }
}
