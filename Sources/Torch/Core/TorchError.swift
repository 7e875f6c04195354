import CTorch
import Synchronization

/// An operation that libtorch rejected, with libtorch's message.
public struct TorchError: Error, Sendable, CustomStringConvertible {
  /// The kind of error.
  public enum Kind: Sendable {
    /// The memory of the host or of the device is exhausted.
    case outOfMemory
    /// The operation is not implemented for these arguments.
    case notImplemented
    /// An index is out of range.
    case index
    /// A type does not match.
    case type
    /// A value is invalid.
    case value
    /// A linear algebra routine failed.
    case linearAlgebra
    /// Another check of libtorch failed.
    case libtorch
    /// A C++ exception that does not come from libtorch.
    case other
    /// An exchange with other processes failed.
    case peer
  }

  /// The kind of error.
  public let kind: Kind
  /// The call that failed: an operator with the shapes of its arguments, or a function.
  public let call: String
  /// libtorch's message.
  public let message: String

  /// An error of `call`.
  public init(kind: Kind, call: String, message: String) {
    self.kind = kind
    self.call = call
    self.message = message
  }

  public var description: String {
    switch kind {
    case .outOfMemory:
      "out of memory in \(call): \(firstLine); "
        + (Self.takeMemoryAdvice()?() ?? "use smaller batches or clips")
    case .peer:
      "\(firstLine)"
    default:
      "\(call): \(firstLine)"
    }
  }

  var firstLine: Substring {
    message.split(separator: "\n", maxSplits: 1).first ?? "no words were given"
  }
}

extension TorchError {
  private static let failureHandler = Mutex<@Sendable (TorchError) -> Never>({ error in
    fatalError(error.description)
  })

  /// Sets the handler for failures of operators that cannot throw: programming errors (wrong shapes) and exhausted
  /// memory. The default traps; a command-line tool prints a sentence and exits.
  public static func onFailure(_ handler: @escaping @Sendable (TorchError) -> Never) {
    failureHandler.withLock { $0 = handler }
  }

  private static let memoryAdvice = Mutex<(@Sendable () -> String)?>(nil)

  /// Runs `body`. If memory is exhausted meanwhile, the error's sentence ends in what `advice` returns.
  public static func advising<Result>(
    ifOutOfMemory advice: @escaping @Sendable () -> String, _ body: () throws -> Result
  ) rethrows -> Result {
    memoryAdvice.withLock { $0 = advice }
    defer { memoryAdvice.withLock { $0 = nil } }
    return try body()
  }

  /// The advice, which is given once: it needs memory itself.
  fileprivate static func takeMemoryAdvice() -> (@Sendable () -> String)? {
    memoryAdvice.withLock { advice in
      defer { advice = nil }
      return advice
    }
  }

  /// Ends the program by calling the handler of ``onFailure(_:)``.
  func fail() -> Never {
    Self.failureHandler.withLock { $0 }(self)
  }
}

/// Throws the error in the status of a C call, and frees the status.
func check(_ call: @autoclosure () -> String, _ status: UnsafeMutablePointer<ct_error>?)
  throws(TorchError)
{
  guard let status else { return }
  defer { ct_error_free(status) }
  let kind: TorchError.Kind =
    switch status.pointee.kind {
    case CT_ERROR_OUT_OF_MEMORY: .outOfMemory
    case CT_ERROR_NOT_IMPLEMENTED: .notImplemented
    case CT_ERROR_INDEX: .index
    case CT_ERROR_TYPE: .type
    case CT_ERROR_VALUE: .value
    case CT_ERROR_LINALG: .linearAlgebra
    case CT_ERROR_LIBTORCH: .libtorch
    case CT_ERROR_PEER: .peer
    default: .other
    }
  throw TorchError(kind: kind, call: call(), message: String(cString: status.pointee.message))
}

/// As ``check(_:_:)``, for calls that fail only because of programming errors.
func mustSucceed(_ call: @autoclosure () -> String, _ status: UnsafeMutablePointer<ct_error>?) {
  do {
    try check(call(), status)
  } catch {
    error.fail()
  }
}
