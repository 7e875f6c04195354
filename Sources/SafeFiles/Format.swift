import Foundation

/// Formats numbers for people, in English.
public enum Format {
  /// `value` with `digits` decimal places.
  public static func number(_ value: Double, _ digits: Int) -> String {
    let text = String(format: "%.\(digits)f", value)
    // Avoid -0.00.
    return text.hasPrefix("-") && Double(text) == 0 ? String(text.dropFirst()) : text
  }

  /// `value` with three significant digits.
  public static func significant(_ value: Double) -> String { String(format: "%.3g", value) }

  /// A fraction as a percentage, such as "92.1%".
  public static func percent(_ fraction: Double, digits: Int = 1) -> String {
    number(100 * fraction, digits) + "%"
  }

  /// A speed, such as "1.3" or "240".
  public static func rate(_ value: Double) -> String { number(value, value < 10 ? 1 : 0) }

  /// A number such as "12,345".
  public static func grouped(_ count: Int) -> String {
    let digits = String(count.magnitude)
    let groups = digits.enumerated().map { index, digit in
      index > 0 && (digits.count - index) % 3 == 0 ? ",\(digit)" : "\(digit)"
    }.joined()
    return (count < 0 ? "-" : "") + groups
  }

  /// A number with a noun, such as "1 clip" or "2 clips".
  public static func count(_ number: Int, _ noun: String) -> String {
    "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
  }

  /// A mean with its deviation or error, such as "0.532 ± 0.011"; only the mean if that is nil.
  public static func mean(
    _ mean: Double, _ deviation: Double?, number: (Double) -> String = { Format.number($0, 3) }
  ) -> String {
    number(mean) + (deviation.map { " ± \(number($0))" } ?? "")
  }

  /// A duration in one unit, such as "19 days", "5 h", "25 min", "12 s" or "0.2 s".
  public static func roughDuration(_ seconds: Double) -> String {
    guard seconds.isFinite, (0..<1e15).contains(seconds) else { return "?" }
    func whole(_ unit: Double) -> String { grouped(Int((seconds / unit).rounded())) }
    if seconds >= 2 * 86_400 { return "\(whole(86_400)) days" }
    if seconds >= 2 * 3600 { return "\(whole(3600)) h" }
    if seconds >= 90 { return "\(whole(60)) min" }
    return seconds >= 5 ? "\(whole(1)) s" : "\(number(seconds, seconds < 0.1 ? 3 : 1)) s"
  }

  /// A duration such as "19 days", "2 h 05 min", "3 min 20 s" or "12 s".
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, (0..<1e15).contains(seconds) else { return "?" }
    let total = Int(seconds.rounded())
    func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    if total >= 3 * 86_400 { return "\(grouped((total + 43_200) / 86_400)) days" }
    if total >= 3600 { return "\(grouped(total / 3600)) h \(padded(total % 3600 / 60)) min" }
    if total >= 60 { return "\(total / 60) min \(padded(total % 60)) s" }
    return "\(total) s"
  }
}
