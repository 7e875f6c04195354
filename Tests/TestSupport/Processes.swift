import Foundation

/// The error for a program that ended with a status other than 0.
public struct ProgramFailed: Error {
  public let command: [String]
  public let status: Int32
}

/// Runs a program to its end, with empty standard input.
///
/// - Returns: its standard output.
/// - Throws: ``ProgramFailed``.
@discardableResult
public func output(of program: String, _ arguments: [String]) throws -> Data {
  let file = NSTemporaryDirectory() + "/mosi-output-\(UUID().uuidString)"
  defer { unlink(file) }
  let status = try ChildProcess(program, arguments, output: file).wait()
  guard status == 0 else {
    throw ProgramFailed(command: [program] + arguments, status: status)
  }
  return try Data(contentsOf: URL(fileURLWithPath: file))
}
