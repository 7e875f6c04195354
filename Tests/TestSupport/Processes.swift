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
public func output(of program: String, _ arguments: [String]) throws -> Data {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  process.standardInput = FileHandle.nullDevice
  let pipe = Pipe()
  process.standardOutput = pipe
  // `waitUntilExit` needs a run loop, which the threads of tests do not have.
  let ended = DispatchSemaphore(value: 0)
  process.terminationHandler = { _ in ended.signal() }
  try process.run()
  let output = pipe.fileHandleForReading.readDataToEndOfFile()
  ended.wait()
  guard process.terminationStatus == 0 else {
    throw ProgramFailed(command: [program] + arguments, status: process.terminationStatus)
  }
  return output
}
