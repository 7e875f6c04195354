import SafeFiles

/// Columns of text, aligned.
struct TextTable {
  private var rows: [[String]]

  init(_ header: String...) { rows = [header] }

  init() { rows = [] }

  mutating func add(_ cells: String...) { add(cells) }

  mutating func add(_ cells: [String]) { rows.append(cells.map(\.printable)) }

  /// The table with the first column aligned to the left, and the others to the right unless `leftAligned`.
  func text(leftAligned: Bool = false) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].terminalColumns : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let gap = String(repeating: " ", count: widths[column] - cell.terminalColumns)
        return column == 0 || leftAligned ? cell + gap : gap + cell
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
