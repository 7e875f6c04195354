import Foundation
import SafeFiles

/// stderr as a terminal: colours, its width, lines that are written over.
enum Terminal {
  static let isInteractive =
    isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  /// See no-color.org.
  private static let hasColor =
    isInteractive && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty

  /// The columns of the terminal.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  static func write(_ text: String) {
    // Nobody may be reading any more; the work goes on.
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  static func line(_ text: String) { write(text + "\n") }

  static func error(_ text: String) { line(colored("mosi: error: ", 31) + text.printable) }

  static func warn(_ text: String) { line(warningText(text)) }

  static func warningText(_ text: String) -> String { colored("warning: ", 33) + text.printable }

  static func faint(_ text: String) -> String { colored(text, 2) }

  private static func colored(_ text: String, _ code: Int) -> String {
    hasColor ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}

/// Columns of text, aligned.
struct TextTable {
  private var rows: [[String]]

  init(_ header: String...) { rows = [header] }

  init() { rows = [] }

  mutating func add(_ cells: String...) { rows.append(cells) }

  mutating func add(_ cells: [String]) { rows.append(cells) }

  /// The first column aligned to the left, the others to the right unless `leftAligned`.
  func text(leftAligned: Bool = false) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let gap = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 || leftAligned ? cell + gap : gap + cell
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}

/// `seconds` as "2 h 05 min", "3 min 20 s" or "12 s".
func spoken(seconds: Double) -> String {
  guard seconds.isFinite, seconds >= 0 else { return "?" }
  let total = Int(seconds.rounded())
  func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
  if total >= 3600 { return "\(total / 3600) h \(padded(total % 3600 / 60)) min" }
  if total >= 60 { return "\(total / 60) min \(padded(total % 60)) s" }
  return "\(total) s"
}

/// `value` with `digits` decimals.
func fixed(_ value: Double, _ digits: Int) -> String {
  let text = String(format: "%.\(digits)f", value)
  // Nobody wants to read of -0.00.
  return text.hasPrefix("-") && Double(text) == 0 ? String(text.dropFirst()) : text
}

/// `value` a second as "1.3" or "240".
func rate(_ value: Double) -> String { fixed(value, value < 10 ? 1 : 0) }

/// A fraction as "92.1%".
func percent(_ fraction: Double) -> String { fixed(100 * fraction, 1) + "%" }

/// `count` with a thousands separator.
func grouped(_ count: Int) -> String {
  let digits = Array(String(count).reversed())
  var text: [Character] = []
  for (index, digit) in digits.enumerated() {
    if index > 0 && index % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return String(text.reversed())
}
