import CTorch
import Synchronization

/// What libtorch refused, with libtorch's own text.
public struct TorchError: Error, Sendable, CustomStringConvertible {
  public enum Kind: Sendable {
    /// The host's or the device's memory is spent.
    case outOfMemory
    case notImplemented
    case index
    case type
    case value
    case linearAlgebra
    /// Any other check of libtorch.
    case libtorch
    /// Not libtorch's: an exception of C++ below it.
    case other
  }

  public let kind: Kind
  /// What was called: an operator with the shapes of its arguments, or a function.
  public let call: String
  /// libtorch's own words.
  public let message: String

  public init(kind: Kind, call: String, message: String) {
    self.kind = kind
    self.call = call
    self.message = message
  }

  public var description: String {
    switch kind {
    case .outOfMemory:
      "out of memory in \(call): \(firstLine); use smaller batches or clips"
    default:
      "\(call): \(firstLine)"
    }
  }

  private var firstLine: Substring {
    message.split(separator: "\n", maxSplits: 1).first ?? "no words were given"
  }
}

extension TorchError {
  private static let failureHandler = Mutex<@Sendable (TorchError) -> Never>({ error in
    fatalError(error.description)
  })

  /// Sets what happens when an operator that cannot throw fails, which is a programmer's error (wrong
  /// shapes) or a spent memory. The default traps; a command-line tool prints a sentence and exits.
  public static func onFailure(_ handler: @escaping @Sendable (TorchError) -> Never) {
    failureHandler.withLock { $0 = handler }
  }

  /// Ends the program through the handler of ``onFailure(_:)``.
  func fail() -> Never {
    Self.failureHandler.withLock { $0 }(self)
  }
}

/// Turns the status of a call of the C ABI into a thrown error, and frees it.
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
    default: .other
    }
  throw TorchError(kind: kind, call: call(), message: String(cString: status.pointee.message))
}

/// The same for calls that only a programmer's error makes fail.
func mustSucceed(_ call: @autoclosure () -> String, _ status: UnsafeMutablePointer<ct_error>?) {
  do {
    try check(call(), status)
  } catch {
    error.fail()
  }
}
