import Foundation
import Media
import VideoSamples

extension DatasetReading {
  /// Kinetics-400, 600 and 700: csv files for train, val and test with label, YouTube id, start and end in seconds,
  /// and the subset. The classes are in the order of the class map where one lies beside them, else sorted.
  ///
  /// Videos are `id_START_END.mp4` (START and END with six digits) or `id.mp4`, in a folder of the label (with spaces
  /// or underscores) or not, in a folder of the subset or not. Lists without labels are left out.
  mutating func readKinetics(splits: String?) throws {
    let expected =
      "kinetics needs a folder with train.csv and val.csv "
      + "(from https://github.com/cvdfoundation/kinetics-dataset), or one such file"
    guard let splits else {
      throw DatasetError.unsuitable(path: videosFolder, problem: "has no lists: \(expected)")
    }
    var lists = [splits]
    if let listing = try finder.listing(of: splits) {
      let names = listing.files.keys.sorted(by: naturallyPrecedes)
      let maps = names.filter { !words($0).isDisjoint(with: mapWords) && isText($0) }
      guard maps.count < 2 else {
        throw DatasetError.unsuitable(
          path: splits, problem: "has the class maps \(maps[0]) and \(maps[1]): keep one of them")
      }
      if let map = maps.first {
        try readClassMap(ListFile("\(splits)/\(map)", expected: expected))
      }
      lists = names.filter {
        $0.lowercased().hasSuffix(".csv") && !maps.contains($0) && subset(ofList: $0) != nil
      }.map { "\(splits)/\($0)" }
      guard !lists.isEmpty else {
        throw DatasetError.unsuitable(path: splits, problem: "has no lists: \(expected)")
      }
    }
    var clips: [KineticsClip] = []
    for path in lists {
      let list = try ListFile(path, expected: expected)
      var columns: KineticsColumns?
      let listed = subset(ofList: (path as NSString).lastPathComponent)
      try list.forEachRow { place, fields in
        guard let known = columns else {
          columns = try KineticsColumns(first: fields, place: place)
          if !columns!.isHeader, let clip = try columns!.clip(fields, listed: listed, place: place)
          {
            clips.append(clip)
          }
          return
        }
        if let clip = try known.clip(fields, listed: listed, place: place) { clips.append(clip) }
      }
    }
    let hasMap = !classNames.isEmpty
    if !hasMap { classNames = Set(clips.map(\.className)).sorted() }
    let labels = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, $0) })
    for clip in clips {
      guard let label = labels[clip.className] else {
        throw clip.place.error("the class \(clip.className) is not in the class map")
      }
      let bases = [videosFolder] + clip.subset.folderNames.map { "\(videosFolder)/\($0)" }
      let folders = bases.flatMap { base in
        [
          "\(base)/\(clip.className)",
          "\(base)/\(clip.className.replacingOccurrences(of: " ", with: "_"))", base,
        ]
      }
      var footage: VideoSource?
      for name in clip.fileNames where footage == nil {
        footage = try finder.footage(name, in: folders)
      }
      try add(
        "\(clip.className)/\(clip.fileNames[0])", label: label, subset: clip.subset,
        footage: footage, at: clip.place)
    }
  }

  /// Lines `#0 abseiling`, `0 abseiling`, `0,abseiling`, or only the names in order.
  private mutating func readClassMap(_ list: ListFile) throws {
    var isNumbered: Bool?
    var seen: Set<String> = []
    for (place, text) in list.lines {
      var name = text
      let digits = text.drop { $0 == "#" }.prefix { $0.isASCII && $0.isNumber }
      let rest = text[digits.endIndex...]
      let number = rest.first.map { " ,\t".contains($0) } == true ? Int(digits) : nil
      if isNumbered == nil { isNumbered = number != nil }
      if isNumbered == true {
        guard number == classNames.count else {
          throw place.error(
            "the class is to have the number \(classNames.count), as in: "
              + "\(classNames.count) abseiling")
        }
        name = trimmed(rest.dropFirst())
      }
      let className = try place.checkedComponent(name)
      guard seen.insert(className).inserted else {
        throw place.error("the class \(className) is there twice")
      }
      classNames.append(className)
    }
  }
}

private let mapWords: Set<String> = ["map", "class", "classes", "label", "labels"]

/// The words of a file's name, in small letters.
private func words(_ name: String) -> Set<String> {
  Set(name.lowercased().split { !$0.isLetter }.map(String.init))
}

private func isText(_ name: String) -> Bool {
  name.lowercased().hasSuffix(".csv") || name.lowercased().hasSuffix(".txt")
}

/// The subset that the name of a list tells of, as `val.csv` or `kinetics-400_train.csv`.
private func subset(ofList name: String) -> Subset? {
  let found = Set(words(name).compactMap { Subset(listed: $0) })
  return found.count == 1 ? found.first : nil
}

extension Subset {
  fileprivate var folderNames: [String] {
    switch self {
    case .training: ["train"]
    case .validation: ["val", "validate", "validation"]
    case .test: ["test"]
    }
  }
}

/// A row of a list.
private struct KineticsClip {
  let className: String
  /// The names that the file may have, without extension, the likeliest first.
  let fileNames: [String]
  let subset: Subset
  let place: ListFile.Place
}

/// Where a list has what.
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
    guard count >= 4 else {
      throw place.error(
        "without a header the columns are label,youtube_id,time_start,time_end,split, but there are \(count)"
      )
    }
    isHeader = false
    (label, identifier, start, end) = (0, 1, 2, 3)
    split = count > 4 ? 4 : nil
  }

  /// Nil where the row has no label.
  func clip(_ fields: [String], listed: Subset?, place: ListFile.Place) throws -> KineticsClip? {
    guard fields.count == count else {
      throw place.error("the row has \(fields.count) columns, the first one \(count)")
    }
    guard let label, !fields[label].isEmpty else { return nil }
    let identifier = try place.checkedComponent(fields[identifier])
    var names = [identifier]
    if let start, let end {
      let times = [fields[start], fields[end]].compactMap(Double.init).filter {
        (0..<1_000_000).contains($0)
      }
      guard times.count == 2 else {
        throw place.error(
          "the times are to be seconds, not \(fields[start]) and \(fields[end])"
        )
      }
      let padded = times.map { time in
        let digits = String(Int(time))
        return String(repeating: "0", count: 6 - digits.count) + digits
      }
      names.insert("\(identifier)_\(padded[0])_\(padded[1])", at: 0)
    }
    var subset = listed
    if let split {
      subset = Subset(listed: fields[split])
      guard subset != nil else {
        throw place.error(
          "the split is to be train, validate or test, not \(fields[split])")
      }
    }
    guard let subset else {
      throw place.error("there is no column split, and the file's name is not that of one")
    }
    return KineticsClip(
      className: try place.checkedComponent(fields[label]), fileNames: names, subset: subset,
      place: place)
  }
}
