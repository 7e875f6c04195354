import Yams

/// A type of which a setting can be.
public protocol SettingValue: Equatable, Sendable {
  /// What is expected, after "must be": "a number".
  static var form: String { get }
  /// All values, if they can be listed; else empty.
  static var choices: [String] { get }

  /// Nil if `plain` is of another form.
  init?(plain: PlainValue)
  var plain: PlainValue { get }
}

extension SettingValue {
  public static var choices: [String] { [] }
}

extension Bool: SettingValue {
  public static var form: String { "true or false" }

  public init?(plain: PlainValue) {
    switch plain {
    case .bool(let value): self = value
    case .text(let text):
      guard let value = Bool.construct(from: Node.Scalar(text)) else { return nil }
      self = value
    default: return nil
    }
  }

  public var plain: PlainValue { .bool(self) }
}

extension Int: SettingValue {
  public static var form: String { "a whole number" }

  public init?(plain: PlainValue) {
    switch plain {
    case .integer(let value): self = value
    case .text(let text):
      // Not through Double, which loses the end of large whole numbers.
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

  public var plain: PlainValue { .integer(self) }
}

extension Double: SettingValue {
  public static var form: String { "a number" }

  public init?(plain: PlainValue) {
    let number: Double? =
      switch plain {
      case .integer(let value): Double(value)
      case .number(let value): value
      // YAML 1.1 reads 012 as 10, 1:30 as 90 and 1e-3 as a text. Here a number is what a person reads.
      case .text(let text):
        text.wholeMatch(of: #/[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?/#) == nil
          ? nil : Double(text)
      default: nil
      }
    guard let number, number.isFinite else { return nil }
    self = number
  }

  public var plain: PlainValue { .number(self) }
}

extension String: SettingValue {
  public static var form: String { "a text" }

  public init?(plain: PlainValue) {
    guard case .text(let text) = plain else { return nil }
    self = text
  }

  public var plain: PlainValue { .text(self) }
}

extension Array: SettingValue where Element: SettingValue {
  public static var form: String { "a list of \(Element.form.dropFirst(2))s" }

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

  public var plain: PlainValue { .list(map(\.plain)) }
}

extension ClosedRange: SettingValue where Bound == Double {
  public static var form: String { "two numbers [lower, upper]" }

  public init?(plain: PlainValue) {
    guard let bounds = [Double](plain: plain), bounds.count == 2, bounds[0] <= bounds[1] else {
      return nil
    }
    self = bounds[0]...bounds[1]
  }

  public var plain: PlainValue { [lowerBound, upperBound].plain }
}

/// Enumerations of texts are settings by their names.
extension SettingValue where Self: RawRepresentable<String> & CaseIterable {
  public static var form: String { "one of \(choices.joined(separator: ", "))" }
  public static var choices: [String] { allCases.map(\.rawValue) }

  public init?(plain: PlainValue) {
    guard case .text(let name) = plain else { return nil }
    self.init(rawValue: name)
  }

  public var plain: PlainValue { .text(rawValue) }
}
