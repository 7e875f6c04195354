import Foundation
import SafeFiles

/// stderr as a terminal: colors, width, and lines that are overwritten.
enum Terminal {
  static let isInteractive =
    isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  /// See no-color.org.
  private static let hasColor =
    isInteractive && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty

  /// The interval between progress reports.
  static let refreshInterval: Duration = isInteractive ? .milliseconds(100) : .seconds(10)

  /// The columns of the terminal.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Among several processes, this one's rank. All but the first only report what goes wrong.
  nonisolated(unsafe) static var rank: Int?

  /// True in all but the first of several processes.
  static var isFollower: Bool { (rank ?? 0) > 0 }

  /// Makes what this process prints vanish: one of several prints the result.
  static func silenceResults() {
    let nowhere = open("/dev/null", O_WRONLY)
    if nowhere >= 0 { dup2(nowhere, STDOUT_FILENO) }
  }

  static func write(_ text: String) {
    guard !isFollower else { return }
    print(onStandardError: text)
  }

  private static func print(onStandardError text: String) {
    // If nobody reads the output, the work continues.
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  static func line(_ text: String) { write(text + "\n") }

  /// A warning that only this process can give: about a file that only it has read.
  static func warnFromAnyRank(_ text: String) {
    if let rank, isFollower {
      print(onStandardError: "rank \(rank): \(warningText(text))\n")
    } else {
      warn(text)
    }
  }

  static func error(_ text: String) {
    let place = rank.map { "rank \($0): " } ?? ""
    print(onStandardError: colored("mosi: error: ", 31) + place + text.printable + "\n")
  }

  static func warn(_ text: String) { line(warningText(text)) }

  static func warningText(_ text: String) -> String { colored("warning: ", 33) + text.printable }

  static func faint(_ text: String) -> String { colored(text, 2) }

  private static func colored(_ text: String, _ code: Int) -> String {
    hasColor ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
