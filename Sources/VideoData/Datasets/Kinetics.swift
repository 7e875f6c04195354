import Foundation
import SafeFiles

extension DatasetReading {
  /// Reads Kinetics-400, 600 and 700: CSV files for train, val and test with label, YouTube id, start and end in seconds,
  /// and subset. The classes are in the order of the class map if there is one next to the files, else sorted.
  ///
  /// Videos are `id_START_END.mp4` (START and END with six digits, or unpadded) or `id.mp4`, with or without a folder of
  /// the label (with spaces or underscores) and a folder of the subset. Test rows without a label are skipped.
  mutating func readKinetics(splits: String?) throws {
    let expected =
      "kinetics needs a folder with train.csv and val.csv "
      + "(from https://github.com/cvdfoundation/kinetics-dataset), or one such file"
    var lists: [String]
    if let splits, try finder.listing(of: splits) == nil {
      lists = [splits]
    } else {
      let folder = try listFolder(
        splits, expected: expected, extensions: ["csv"], classExtensions: ["csv", "txt"])
      if let map = try folder.classList { try readClassMap(ListFile(map, expected: expected)) }
      lists = folder.lists.map { "\(folder.path)/\($0.name)" }
    }
    var clips: [KineticsClip] = []
    for path in lists {
      let list = try ListFile(path, expected: expected)
      var columns: KineticsColumns?
      let listed = subset(ofList: PathParts(path).name)
      try list.forEachRow { place, fields in
        let isFirst = columns == nil
        let known = try columns ?? KineticsColumns(first: fields, place: place)
        columns = known
        if isFirst, known.isHeader { return }
        let clip = try known.clip(fields, listed: listed, place: place)
        if clip.className.isEmpty {
          try skipUnlabeled(clip.subset, at: place)
        } else {
          clips.append(clip)
        }
      }
    }
    if classNames.isEmpty { classNames = Set(clips.map(\.className)).sorted() }
    var labels = ClassLabels(classNames)
    // The places shared by all clips of a class and a subset.
    struct Group: Hashable {
      let className: String
      let subset: Subset
    }
    var folders: [Group: [String]] = [:]
    for clip in clips {
      guard let label = labels.label(of: clip.className) else {
        throw clip.place.error("the class \(clip.className) is not in the class map")
      }
      let group = Group(className: clip.className, subset: clip.subset)
      if folders[group] == nil {
        folders[group] = clip.subset.folders(below: videosFolder).flatMap { base in
          [
            "\(base)/\(clip.className)",
            "\(base)/\(clip.className.replacingOccurrences(of: " ", with: "_"))", base,
          ]
        }
      }
      try add(
        "\(clip.className)/\(clip.fileNames[0])", label: label, subset: clip.subset,
        in: VideoPlaces(names: clip.fileNames, folders: folders[group]!), at: clip.place)
    }
    for finding in labels.remarks { remark(finding) }
  }
}

/// A row of a list.
private struct KineticsClip {
  /// The class; empty if the row has none.
  let className: String
  /// The possible names of the file, without extension, the most likely first.
  let fileNames: [String]
  let subset: Subset
  let place: ListFile.Place
}

/// The columns of a list.
private struct KineticsColumns {
  let isHeader: Bool
  private let count: Int
  private var label: Int?
  private var identifier: Int
  private var start: Int?
  private var end: Int?
  private var split: Int?

  init(first fields: [String], place: ListFile.Place) throws {
    count = fields.count
    let names = fields.map { $0.lowercased() }
    if let identifier = names.firstIndex(of: "youtube_id") {
      isHeader = true
      self.identifier = identifier
      label = names.firstIndex(of: "label")
      start = names.firstIndex(of: "time_start")
      end = names.firstIndex(of: "time_end")
      split = names.firstIndex(of: "split")
      return
    }
    isHeader = false
    if Self.isUnlabeled(fields) {
      (identifier, start, end) = (0, 1, 2)
      split = count > 3 ? 3 : nil
      return
    }
    guard count >= 4 else {
      try place.requireCommas(in: fields)
      throw place.error(
        "without a header the columns are label,youtube_id,time_start,time_end,split, but there are \(count)"
      )
    }
    (label, identifier, start, end) = (0, 1, 2, 3)
    split = count > 4 ? 4 : nil
  }

  /// True if the columns are an id and times, perhaps with a subset: a test list, which has no labels.
  private static func isUnlabeled(_ fields: [String]) -> Bool {
    guard fields.count == 3 || fields.count == 4 && Subset(listed: fields[3]) != nil else {
      return false
    }
    return Double(fields[1]) != nil && Double(fields[2]) != nil
  }

  func clip(_ fields: [String], listed: Subset?, place: ListFile.Place) throws -> KineticsClip {
    guard fields.count == count else {
      try place.requireCommas(in: fields)
      throw place.error("the row has \(fields.count) columns, the first one \(count)")
    }
    let identifier = try place.checkedComponent(fields[identifier])
    var names = [identifier]
    if let start, let end {
      let times = [fields[start], fields[end]].compactMap(Double.init).filter {
        (0..<1_000_000).contains($0)
      }
      guard times.count == 2 else {
        throw place.error(
          "the times must be seconds, not \(fields[start]) and \(fields[end])"
        )
      }
      let digits = times.map { String(Int($0)) }
      let padded = digits.map { String(repeating: "0", count: 6 - $0.count) + $0 }
      names = [padded, digits].map { "\(identifier)_\($0[0])_\($0[1])" } + names
    }
    var subset = listed
    if let split {
      subset = Subset(listed: fields[split])
      guard subset != nil else {
        throw place.error(
          "the split must be train, validate or test, not \(fields[split])")
      }
    }
    guard let subset else {
      throw place.error("there is no column split, and the file's name is not that of one")
    }
    return KineticsClip(
      className: try className(fields, place), fileNames: names, subset: subset, place: place)
  }

  private func className(_ fields: [String], _ place: ListFile.Place) throws -> String {
    guard let label, !fields[label].isEmpty else { return "" }
    return try place.checkedComponent(fields[label])
  }
}
