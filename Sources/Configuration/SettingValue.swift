import Yams

/// A type of values of settings.
public protocol SettingValue: Equatable, Sendable {
  /// The expected form, for a sentence with "must be": "a number".
  static var form: String { get }
  /// All values if they can be listed, else empty.
  static var choices: [String] { get }

  /// Reads a value; nil if `plain` has another form.
  init?(plain: PlainValue)
  /// The value for YAML and JSON.
  var plain: PlainValue { get }
}

extension SettingValue {
  /// Empty.
  public static var choices: [String] { [] }
}

extension Bool: SettingValue {
  /// The expected form.
  public static var form: String { "true or false" }

  /// Reads true or false; nil for other values.
  public init?(plain: PlainValue) {
    switch plain {
    case .bool(let value): self = value
    case .text(let text):
      guard let value = Bool.construct(from: Node.Scalar(text)) else { return nil }
      self = value
    default: return nil
    }
  }

  /// The value for YAML and JSON.
  public var plain: PlainValue { .bool(self) }
}

extension Int: SettingValue {
  /// The expected form.
  public static var form: String { "a whole number" }

  /// Reads a whole number; nil for other values.
  public init?(plain: PlainValue) {
    switch plain {
    case .integer(let value): self = value
    case .text(let text):
      // Do not read it as a Double, which cannot represent all large whole numbers.
      guard let value = Int(text) ?? Double(plain: plain).flatMap(Int.init(exactly:)) else {
        return nil
      }
      self = value
    case .number(let number):
      guard let value = Int(exactly: number) else { return nil }
      self = value
    default: return nil
    }
  }

  /// The value for YAML and JSON.
  public var plain: PlainValue { .integer(self) }
}

extension Double: SettingValue {
  /// The expected form.
  public static var form: String { "a number" }

  /// Reads a number; nil for other values.
  public init?(plain: PlainValue) {
    let number: Double? =
      switch plain {
      case .integer(let value): Double(value)
      case .number(let value): value
      // YAML 1.1 reads 012 as 10, 1:30 as 90 and 1e-3 as text. Here, numbers are decimal.
      case .text(let text):
        text.wholeMatch(of: #/[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?/#) == nil
          ? nil : Double(text)
      default: nil
      }
    guard let number, number.isFinite else { return nil }
    self = number
  }

  /// The value for YAML and JSON.
  public var plain: PlainValue { .number(self) }
}

extension String: SettingValue {
  /// The expected form.
  public static var form: String { "a text" }

  /// Reads text; nil for other values.
  public init?(plain: PlainValue) {
    guard case .text(let text) = plain else { return nil }
    self = text
  }

  /// The value for YAML and JSON.
  public var plain: PlainValue { .text(self) }
}

extension Array: SettingValue where Element: SettingValue {
  /// The expected form.
  public static var form: String {
    let choices = Element.choices
    return choices.isEmpty
      ? "a list of \(Element.form.dropFirst(2))s"
      : "a list with any of \(choices.joined(separator: ", "))"
  }

  /// Reads a list, or a single value as a list of one; nil for other values.
  public init?(plain: PlainValue) {
    // A single value is read as a list of one.
    let values: [PlainValue] = if case .list(let values) = plain { values } else { [plain] }
    var elements: [Element] = []
    for value in values {
      guard let element = Element(plain: value) else { return nil }
      elements.append(element)
    }
    self = elements
  }

  /// The value for YAML and JSON.
  public var plain: PlainValue { .list(map(\.plain)) }
}

extension ClosedRange: SettingValue where Bound == Double {
  /// The expected form.
  public static var form: String { "two numbers [lower, upper]" }

  /// Reads a list of two numbers in ascending order; nil for other values.
  public init?(plain: PlainValue) {
    guard let bounds = [Double](plain: plain), bounds.count == 2, bounds[0] <= bounds[1] else {
      return nil
    }
    self = bounds[0]...bounds[1]
  }

  /// The value for YAML and JSON.
  public var plain: PlainValue { [lowerBound, upperBound].plain }
}

/// Enumerations with text values are settings by their names.
extension SettingValue where Self: RawRepresentable<String> & CaseIterable {
  /// The expected form.
  public static var form: String { "one of \(choices.joined(separator: ", "))" }
  /// The names of all cases.
  public static var choices: [String] { allCases.map(\.rawValue) }

  /// Reads the name of a case; nil for other values.
  public init?(plain: PlainValue) {
    guard case .text(let name) = plain else { return nil }
    self.init(rawValue: name)
  }

  /// The value for YAML and JSON.
  public var plain: PlainValue { .text(rawValue) }
}
