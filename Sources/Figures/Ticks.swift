import Foundation

/// Round numbers along an axis, with their labels.
public struct Ticks: Equatable, Sendable {
  /// The positions of the ticks, ascending, within the requested range.
  public let values: [Double]
  /// The labels of the ticks.
  public let labels: [String]

  /// The multiples of 1, 2 or 5 times a power of ten in `range`, about `count` of them.
  ///
  /// An empty or infinite range has none.
  ///
  /// - Parameters:
  ///   - range: the values at the ends of the axis.
  ///   - count: the approximate number of ticks.
  ///   - percent: true if the values are shares, 0...1, and are formatted as percentages.
  public static func linear(_ range: ClosedRange<Double>, count: Int, percent: Bool = false)
    -> Ticks
  {
    let span = range.upperBound - range.lowerBound
    guard span > 0, span.isFinite, count > 0 else {
      return Ticks(values: [], labels: [])
    }
    let rough = span / Double(count)
    let power = pow(10, log10(rough).rounded(.down))
    // The borders between 1, 2, 5 and 10 are their geometric means.
    let leading = rough / power
    let step = power * (leading < 1.414 ? 1 : leading < 3.162 ? 2 : leading < 7.071 ? 5 : 10)
    // A small tolerance keeps ticks that rounding errors would exclude.
    let first = (range.lowerBound / step - 1e-6).rounded(.up)
    let last = (range.upperBound / step + 1e-6).rounded(.down)
    guard last >= first, last - first < 1000 else { return Ticks(values: [], labels: []) }
    let values = stride(from: first, through: last, by: 1).map { (index: Double) -> Double in
      // Dividing by an integer gives 0.3 where multiplying would give 0.30000000000000004.
      // Adding zero removes the sign of -0.
      (step < 1 && step > 1e-12 ? index / (1 / step).rounded() : index * step) + 0
    }
    let largest = values.map(abs).max() ?? 0
    let labels = values.map {
      percent ? percentage($0, step: step) : number($0, step: step, largest: largest)
    }
    return Ticks(values: values, labels: labels)
  }

  /// Ticks for a logarithmic axis: the powers of ten in `range` (positive), or every second (third, ...) one if there are
  /// more than `count`; also 2 and 5 times these if there is room. If the range contains fewer than two of them, linear
  /// ticks.
  public static func logarithmic(_ range: ClosedRange<Double>, count: Int) -> Ticks {
    guard range.lowerBound > 0, range.upperBound.isFinite, count > 0 else {
      return Ticks(values: [], labels: [])
    }
    let low = log10(range.lowerBound)
    let high = log10(range.upperBound)
    let first = Int((low - 1e-9).rounded(.up))
    let last = Int((high + 1e-9).rounded(.down))
    var values: [Double] = []
    if last - first >= 2 {
      let step = max(1, Int((Double(last - first + 1) / Double(count)).rounded(.up)))
      values = stride(from: first, through: last, by: step).map { pow(10, Double($0)) }
    } else {
      let within = range.lowerBound * (1 - 1e-9)...range.upperBound * (1 + 1e-9)
      for power in Int(low.rounded(.down))...Int(high.rounded(.up)) {
        let unit = pow(10, Double(power))
        values += [unit, 2 * unit, 5 * unit].filter(within.contains)
      }
      if values.count < 2 { return linear(range, count: count) }
    }
    return Ticks(values: values, labels: values.map { number($0, step: $0, largest: $0) })
  }

  /// A number with as many digits as `step`, the distance between ticks (0 if unknown), requires.
  ///
  /// - Parameter largest: The largest absolute value on the axis, which determines the unit of all labels.
  private static func number(_ value: Double, step: Double, largest: Double) -> String {
    if value == 0 { return "0" }
    if largest >= 1e9 || largest < 1e-3 {
      let power = (log10(largest) + 1e-9).rounded(.down)
      let unit = pow(10, power)
      let factor = decimal(value / unit, step: step / unit)
      let powerOfTen = "10\(superscript(Int(power)))"
      return factor == "1" ? powerOfTen : "\(factor)×\(powerOfTen)"
    }
    if largest >= 1e6 { return decimal(value / 1e6, step: step / 1e6) + "M" }
    if largest >= 1e4 { return decimal(value / 1e3, step: step / 1e3) + "k" }
    return decimal(value, step: step)
  }

  private static func percentage(_ value: Double, step: Double) -> String {
    decimal(value * 100, step: step * 100) + "%"
  }

  private static func decimal(_ value: Double, step: Double) -> String {
    let digits = step > 0 ? max(0, -Int((log10(step) + 1e-9).rounded(.down))) : 4
    var text = String(format: "%.\(min(digits, 9))f", value)
    if step == 0 {
      while text.hasSuffix("0") { text.removeLast() }
      if text.hasSuffix(".") { text.removeLast() }
    }
    // A minus sign is as wide as a digit; a hyphen is not.
    return text.hasPrefix("-") ? "−" + text.dropFirst() : text
  }

  private static func superscript(_ power: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    return (power < 0 ? "⁻" : "") + String("\(abs(power))".map { digits[$0.wholeNumberValue!] })
  }
}
