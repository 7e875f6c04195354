import Foundation

/// Numbers as a page writes them.
enum Format {
  static func percent(_ share: Double) -> String { number(100 * share, 1) + " %" }

  static func number(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  /// Three digits that matter.
  static func significant(_ value: Double) -> String { String(format: "%.3g", value) }

  /// With a comma every three digits.
  static func grouped(_ count: Int) -> String {
    let digits = String(count)
    return digits.enumerated().map { index, digit in
      index > 0 && (digits.count - index) % 3 == 0 ? ",\(digit)" : "\(digit)"
    }.joined()
  }

  /// A mean and its deviation or error, where there is one.
  static func spread(_ mean: Double, _ deviation: Double?, digits: Int = 3) -> String {
    number(mean, digits) + (deviation.map { " ± \(number($0, digits))" } ?? "")
  }

  /// "1 clip", "2 clips".
  static func count(_ number: Int, _ noun: String) -> String {
    "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
  }

  static func duration(_ seconds: Double) -> String {
    let total = Int(seconds.rounded())
    if total >= 3600 { return "\(total / 3600) h \(total % 3600 / 60) min" }
    return total >= 60 ? "\(total / 60) min \(total % 60) s" : "\(total) s"
  }
}
