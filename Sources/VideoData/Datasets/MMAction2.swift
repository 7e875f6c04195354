import Foundation
import Media
import SafeFiles

extension DatasetReading {
  /// Reads MMAction2's lists for train, val and test with lines `path label`, or `folder frames label` for videos that
  /// are folders of frames. Labels count from 0, and paths are relative to the videos folder. A label map next to the
  /// lists, with one name per line, names the classes.
  ///
  /// If lists of both forms exist, those of videos are used; both name the same videos. If the names of lists contain
  /// numbers of splits (`ucf101_train_split_1_videos.txt`), those of one split are used.
  mutating func readMMAction2(splits: String?, split: Int) throws {
    let expected =
      "mmaction2 needs a folder of lists whose names have train, val or test in them, such as "
      + "kinetics400_train_list_videos.txt, or one such file (https://mmaction2.readthedocs.io, Prepare Dataset)"
    var lists: [(path: String, subset: Subset)]
    if let splits, try finder.listing(of: splits) == nil {
      let list = try ListFile(splits, expected: expected)
      guard let subset = subset(ofList: PathParts(splits).name) else {
        throw DatasetError.unsuitable(
          path: splits, problem: "must have train, val or test in its name")
      }
      lists = [(list.path, subset)]
    } else {
      let folder = try listFolder(
        splits, expected: expected, extensions: ["txt", "csv", "lst", "list"],
        classExtensions: ["txt", "csv"])
      if let map = try folder.classList { try readClassMap(ListFile(map, expected: expected)) }
      lists = try chosen(folder, split: split)
    }
    var rows: [MMAction2Row] = []
    for (path, subset) in lists {
      for (place, text) in try ListFile(path, expected: expected).lines {
        let row = try MMAction2Row(text, subset: subset, place: place)
        if row.label == -1 {
          try skipUnlabeled(subset, at: place)
        } else {
          rows.append(row)
        }
      }
    }
    if classNames.isEmpty { numberClasses(rows.lazy.map(\.label)) }
    let roots = Dictionary(
      uniqueKeysWithValues: Subset.allCases.map { ($0, $0.mmaction2Folders(below: videosFolder)) })
    for row in rows {
      guard row.label < classNames.count else {
        throw row.place.error(
          "there is no class \(row.label): the label map names \(classNames.count), and labels count from 0"
        )
      }
      try add(
        row.path, label: row.label, subset: row.subset,
        in: VideoPlaces(path: row.path, below: roots[row.subset]!),
        listedFrames: row.frames, at: row.place)
    }
  }

  /// The lists of one split in one form.
  private mutating func chosen(_ folder: ListFolder, split: Int) throws -> [(
    path: String, subset: Subset
  )] {
    var folder = folder
    let numbers = folder.lists.map { splitNumber(ofList: $0.name) }
    if numbers.contains(where: { $0 != nil }) {
      folder = folder.filtered { splitNumber(ofList: $0) == split }
    }
    guard numbers.contains(where: { $0 != nil }) || split == 1, !folder.lists.isEmpty else {
      throw DatasetError.unsuitable(path: folder.path, problem: "has no lists of split \(split)")
    }
    for subset in Subset.allCases {
      let names = folder.lists.filter { $0.subset == subset }.map(\.name)
      let frames = names.filter { $0.lowercased().contains("rawframes") }
      guard !frames.isEmpty, frames.count < names.count else { continue }
      remark(.skippedLists(taken: names.first { !frames.contains($0) }!, others: frames))
      folder = folder.filtered { !frames.contains($0) }
    }
    return try folder.onePerSubset
  }
}

/// The number after "split" in the name of a list such as `ucf101_train_split_1_videos.txt`; nil if there is none.
private func splitNumber(ofList name: String) -> Int? {
  let name = name.lowercased()
  guard let word = name.range(of: "split") else { return nil }
  return Int(
    name[word.upperBound...].drop { "_-".contains($0) }.prefix { $0.isASCII && $0.isNumber })
}

/// A line of a list.
private struct MMAction2Row {
  let path: String
  /// The number of frames; nil in lists of videos.
  let frames: Int?
  /// The label, from 0; -1 if it is unknown.
  let label: Int
  let subset: Subset
  let place: ListFile.Place

  init(_ text: Substring, subset: Subset, place: ListFile.Place) throws {
    self.subset = subset
    self.place = place
    let words = text.split { $0 == " " || $0 == "\t" }
    // A path may contain blanks. It ends before the numbers at the end, or after the extension of a video.
    let video = words.lastIndex { MediaKind(path: String($0)) == .video }
    let firstNumber = video.map { $0 + 1 } ?? (words.lastIndex { Int($0) == nil } ?? 0) + 1
    let numbers = words[min(firstNumber, words.count)...].compactMap { Int($0) }
    guard !numbers.isEmpty, firstNumber + numbers.count == words.count else {
      let separator = text.contains(",") ? "a comma" : text.contains(";") ? "a semicolon" : nil
      throw place.error(
        separator.map { "blank expected before the label, found \($0): lines are path label" }
          ?? "a line must be a path and a label, or a folder, its frames and a label, as in: run/a.mp4 3"
      )
    }
    label = numbers.last!
    switch (video, numbers.count) {
    case (_, 1): frames = nil
    case (nil, 2): frames = numbers[0]
    // The first number is the offset of a whole video.
    case (nil, 3) where numbers[0] == 0: frames = numbers[1]
    case (nil, _):
      throw place.error(
        "\(numbers.count) numbers follow the folder, but parts of videos and several labels are not supported: a line must be "
          + "folder frames label")
    default:
      throw place.error("the video has \(numbers.count) labels, but only one is supported")
    }
    guard (-1..<DatasetReading.classLimit).contains(label) else {
      throw place.error(
        "the label must be from 0 to \(DatasetReading.classLimit - 1), not \(label)")
    }
    guard (frames ?? 1) > 0 else { throw place.error("the video cannot have \(frames!) frames") }
    let end = words[firstNumber - 1].endIndex
    path = try place.checkedPath(text[..<end])
  }
}

extension Subset {
  /// The folders in which MMAction2's scripts put videos and folders of frames.
  fileprivate func mmaction2Folders(below root: String) -> [String] {
    let name = self == .training ? "train" : self == .validation ? "val" : "test"
    return folders(below: root)
      + ["videos", "rawframes"].flatMap { ["\(root)/\($0)", "\(root)/\($0)_\(name)"] }
  }
}
