/// Maps names of classes to labels, also if they are spelled slightly differently.
struct ClassLabels {
  private let names: [String]
  private let labels: [String: Int]
  /// Labels by loosely spelled names; nil if several classes share one.
  private let loose: [String: Int?]
  private var respelled: Set<String> = []
  /// The classes that lists spell differently from the list of classes, without duplicates.
  private(set) var remarks: [DatasetFinding] = []

  init(_ names: [String]) {
    self.names = names
    labels = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    loose = Dictionary(names.enumerated().map { (loosely($1), Optional($0)) }) { _, _ in nil }
  }

  /// The label of the class that a list calls `name`; nil if there is none.
  mutating func label(of name: String) -> Int? {
    if let label = labels[name] { return label }
    guard let label = loose[loosely(name)] ?? nil else { return nil }
    if respelled.insert(name).inserted {
      remarks.append(.respelledClass(listed: name, known: names[label]))
    }
    return label
  }
}

extension DatasetReading {
  /// The maximum number of classes: a network has weights for each.
  static let classLimit = 100_000

  /// Reads the classes from a map: lines `#0 abseiling`, `0 abseiling`, `0,abseiling` (with or without a header), or only
  /// the names in order.
  mutating func readClassMap(_ list: ListFile) throws {
    var isNumbered: Bool?
    var seen: Set<String> = []
    for (place, text) in list.lines {
      if isNumbered == nil, ["id,name", "id,label", "index,name", "label,name"].contains(text) {
        continue
      }
      var name = text
      let digits = text.drop { $0 == "#" }.prefix { $0.isASCII && $0.isNumber }
      let rest = text[digits.endIndex...]
      let number = rest.first.map { " ,\t".contains($0) } == true ? Int(digits) : nil
      if isNumbered == nil { isNumbered = number != nil }
      if isNumbered == true {
        guard number == classNames.count else {
          throw place.error(
            "the class must have the number \(classNames.count), as in: "
              + "\(classNames.count) abseiling")
        }
        name = trimmed(rest.dropFirst())
      }
      let className = try place.checkedText(String(name))
      guard !className.isEmpty, seen.insert(className).inserted else {
        throw place.error(
          className.isEmpty ? "the class has no name" : "the class \(className) appears twice")
      }
      guard classNames.count < Self.classLimit else {
        throw place.error("there are more than \(Self.classLimit) classes")
      }
      classNames.append(className)
    }
  }

  /// Names the classes by their numbers, from 0 to the largest of `labels`.
  mutating func numberClasses(_ labels: some Sequence<Int>) {
    classNames = (0...(labels.max() ?? 0)).map(String.init)
  }
}
