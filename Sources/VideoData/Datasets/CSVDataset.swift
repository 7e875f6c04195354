import Media

extension DatasetReading {
  /// Reads a CSV file of paths, labels and subsets. With a header, columns are found by name, and other columns are
  /// ignored; without a header, the columns are path, label, split. Paths are absolute or relative to the videos folder.
  /// Test rows without a label are skipped.
  mutating func readCSV(file: String) throws {
    let expected =
      "csv needs a file with the columns path, label and split (train, val or test); "
      + "without a name it is annotations.csv in the folder of the videos"
    let list = try ListFile(file, expected: expected)
    var columns: CSVColumns?
    var rows: [CSVRow] = []
    try list.forEachRow { place, fields in
      let isFirst = columns == nil
      let known = try columns ?? CSVColumns(first: fields, place: place)
      columns = known
      if isFirst, known.isHeader { return }
      let row = try known.row(fields, place: place)
      if row.className.isEmpty {
        try skipUnlabeled(row.subset, at: place)
      } else {
        rows.append(row)
      }
    }
    classNames = Set(rows.map(\.className)).sorted(by: naturallyPrecedes)
    let labels = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, $0) })
    for row in rows {
      try add(
        row.name, label: labels[row.className]!, subset: row.subset,
        in: VideoPlaces(path: row.name, below: [videosFolder]), at: row.place)
    }
  }
}

private struct CSVRow {
  let place: ListFile.Place
  let name: String
  /// The class; empty if the row has none.
  let className: String
  let subset: Subset
}

/// The columns of a CSV file.
private struct CSVColumns {
  let isHeader: Bool
  private var (path, label, split) = (0, 1, 2)
  private let count: Int

  private static let names = [
    ["path", "video", "file", "filename"], ["label", "class"], ["split", "subset"],
  ]

  /// Finds the columns in the first row, which is a header if it contains one of the names.
  init(first fields: [String], place: ListFile.Place) throws {
    count = fields.count
    let fields = fields.map { $0.lowercased() }
    let found = Self.names.map { names in fields.indices.filter { names.contains(fields[$0]) } }
    isHeader = found.contains { !$0.isEmpty }
    guard isHeader else {
      guard count == 3 else {
        try place.requireCommas(in: fields)
        throw place.error(
          "without a header the columns are path,label,split, but there are \(count)")
      }
      return
    }
    for (columns, names) in zip(found, Self.names) where columns.count != 1 {
      throw place.error(
        "the header must have one column named \(names.joined(separator: " or ")), not \(columns.count)"
      )
    }
    (path, label, split) = (found[0][0], found[1][0], found[2][0])
  }

  func row(_ fields: [String], place: ListFile.Place) throws -> CSVRow {
    guard fields.count == count else {
      try place.requireCommas(in: fields)
      throw place.error("the row has \(fields.count) columns, the first one \(count)")
    }
    guard let subset = Subset(listed: fields[split]) else {
      throw place.error(
        "the split must be train, val or test, not \(fields[split])")
    }
    guard !fields[path].isEmpty else { throw place.error("the row has no path") }
    return CSVRow(
      place: place, name: try place.checkedPath(fields[path]),
      className: try place.checkedText(fields[label]), subset: subset)
  }
}
