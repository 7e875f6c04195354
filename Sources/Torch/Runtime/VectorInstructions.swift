import CTorch

/// Vector instructions of CPUs for which this library's own kernels (Winograd's convolutions, batch normalization, max
/// pooling) are compiled, from the narrowest vectors to the widest. libtorch chooses its own.
public enum VectorInstructions: Int32, CaseIterable, Sendable {
  /// Four numbers: SSE2 or NEON.
  case plain
  /// Eight numbers.
  case avx2
  /// Sixteen numbers.
  case avx512

  /// Those that this machine has.
  public static var available: [VectorInstructions] {
    allCases.filter { $0.rawValue <= Int32(ct_widest_vectors().rawValue) }
  }

  /// Those that kernels called by this thread use: within ``Runtime/withVectorInstructions(_:_:)`` what it says, otherwise
  /// what the environment variable `MOSI_VECTORS` names (plain, avx2 or avx512), otherwise the widest. They change the last
  /// bits of results.
  public static var current: VectorInstructions {
    VectorInstructions(rawValue: Int32(ct_current_vectors().rawValue))!
  }
}

extension Runtime {
  /// Runs `body` on this thread with these vector instructions, which must be among those ``VectorInstructions/available``.
  /// Rethrows errors of `body`.
  public static func withVectorInstructions<Result>(
    _ instructions: VectorInstructions, _ body: () throws -> Result
  ) rethrows -> Result {
    precondition(
      VectorInstructions.available.contains(instructions), "this machine has no \(instructions)")
    let previous = ct_current_vectors()
    ct_use_vectors(ct_vectors(UInt32(instructions.rawValue)))
    defer { ct_use_vectors(previous) }
    return try body()
  }
}
