import Media

extension DatasetReading {
  /// A csv file of paths, labels and subsets. With a header its columns are found by name and others ignored;
  /// without one they are path, label, split. Paths are absolute or relative to the videos folder.
  mutating func readCSV(file: String) throws {
    let expected =
      "csv needs a file with the columns path, label and split (train, val or test); "
      + "without a name it is annotations.csv in the folder of the videos"
    let list = try ListFile(file, expected: expected)
    var columns: CSVColumns?
    var rows: [(place: ListFile.Place, name: String, className: String, subset: Subset)] = []
    try list.forEachRow { place, fields in
      guard let columns else {
        columns = try CSVColumns(first: fields, place: place)
        if !columns!.isHeader { rows.append(try columns!.row(fields, place: place)) }
        return
      }
      rows.append(try columns.row(fields, place: place))
    }
    classNames = Set(rows.map(\.className)).sorted(by: naturallyPrecedes)
    let labels = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, $0) })
    for row in rows {
      let path = row.name.hasPrefix("/") ? row.name : videosFolder + "/" + row.name
      let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))!
      let footage = try finder.footage(
        String(path[path.utf8.index(after: slash)...]), in: [String(path[..<slash])])
      try add(
        row.name, label: labels[row.className]!, subset: row.subset, footage: footage, at: row.place
      )
    }
  }
}

/// Where a csv file has what.
private struct CSVColumns {
  let isHeader: Bool
  private var (path, label, split) = (0, 1, 2)
  private let count: Int

  private static let names = [
    ["path", "video", "file", "filename"], ["label", "class"], ["split", "subset"],
  ]

  /// From the first row, which is a header where it has one of the names.
  init(first fields: [String], place: ListFile.Place) throws {
    count = fields.count
    let fields = fields.map { $0.lowercased() }
    let found = Self.names.map { names in fields.indices.filter { names.contains(fields[$0]) } }
    isHeader = found.contains { !$0.isEmpty }
    guard isHeader else {
      guard count == 3 else {
        throw place.error(
          "without a header the columns are path,label,split, but there are \(count)")
      }
      return
    }
    for (columns, names) in zip(found, Self.names) where columns.count != 1 {
      throw place.error(
        "the header is to have one column of the name \(names.joined(separator: " or ")), not \(columns.count)"
      )
    }
    (path, label, split) = (found[0][0], found[1][0], found[2][0])
  }

  func row(_ fields: [String], place: ListFile.Place) throws -> (
    place: ListFile.Place, name: String, className: String, subset: Subset
  ) {
    guard fields.count == count else {
      throw place.error("the row has \(fields.count) columns, the first one \(count)")
    }
    guard let subset = Subset(listed: fields[split]) else {
      throw place.error(
        "the split is to be train, val or test, not \(fields[split])")
    }
    guard !fields[path].isEmpty, !fields[label].isEmpty else {
      throw place.error("the row has no \(fields[path].isEmpty ? "path" : "label")")
    }
    // Its owner may well point elsewhere, but is to do so openly.
    let name =
      fields[path].hasPrefix("/")
      ? try place.checkedText(fields[path]) : try place.checked(fields[path])
    return (place, name, try place.checkedText(fields[label]), subset)
  }
}
