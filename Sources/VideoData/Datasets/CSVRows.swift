extension ListFile {
  /// Calls `body` with each row of comma-separated values (RFC 4180) that is not blank. In quoted fields, commas and line
  /// ends are text and `""` is a quote. Spaces around unquoted fields are removed.
  ///
  /// - Throws: ``DatasetError`` for unbalanced quotes and rows that are too long; errors of `body`.
  func forEachRow(_ body: (_ place: Place, _ fields: [String]) throws -> Void) throws {
    let (comma, quote, newline) = (UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"))
    let bytes = text.utf8
    var index = bytes.startIndex
    var line = 1
    while index < bytes.endIndex {
      let place = Place(path: path, line: line)
      var fields: [String] = []
      var isBlank = true
      row: while true {
        guard fields.count < 1024 else { throw place.error("it has more than 1024 columns") }
        let end = bytes[index...].firstIndex { $0 == comma || $0 == newline } ?? bytes.endIndex
        var field = trimmed(Substring(bytes[index..<end]))
        if field.utf8.first != quote {
          if !field.isEmpty { isBlank = false }
          fields.append(String(field))
          index = end
        } else {
          isBlank = false
          index = bytes.index(after: field.startIndex)
          var content: [UInt8] = []
          while true {
            guard let close = bytes[index...].firstIndex(of: quote) else {
              throw place.error("a quote is not closed")
            }
            content += bytes[index..<close]
            index = bytes.index(after: close)
            guard index < bytes.endIndex, bytes[index] == quote else { break }
            content.append(quote)
            index = bytes.index(after: index)
          }
          line += content.count { $0 == newline }
          let end = bytes[index...].firstIndex { $0 == comma || $0 == newline } ?? bytes.endIndex
          field = trimmed(Substring(bytes[index..<end]))
          guard field.isEmpty else {
            throw place.error("text follows a closing quote; a quote inside a field is doubled")
          }
          fields.append(String(decoding: content, as: UTF8.self))
          index = end
        }
        guard index < bytes.endIndex else { break row }
        let separator = bytes[index]
        index = bytes.index(after: index)
        if separator == newline { break row }
        isBlank = false
      }
      line += 1
      if !isBlank { try body(place, fields) }
    }
  }
}

extension ListFile.Place {
  /// Throws an error for a row with too few columns if another character than a comma seems to separate them.
  ///
  /// - Throws: ``DatasetError``
  func requireCommas(in fields: [String]) throws {
    func contains(_ character: Character) -> Bool { fields.contains { $0.contains(character) } }
    let found =
      contains("\t")
      ? "a tab"
      : contains(";") ? "a semicolon" : fields.count == 1 && contains(" ") ? "a blank" : nil
    if let found {
      throw error("comma expected, found \(found): columns must be separated by commas")
    }
  }
}
