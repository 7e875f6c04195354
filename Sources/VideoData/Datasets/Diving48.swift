extension DatasetReading {
  /// Reads Diving48 (Li et al., 2018): `Diving48_V2_train.json` and `Diving48_V2_test.json` list videos with their names
  /// and labels;
  /// `Diving48_vocab.json` gives the parts of each label, such as `["Back", "15som", "05Twis", "FREE"]`. Without it,
  /// classes are named by their numbers. Videos are `NAME.mp4`, in a folder `rgb` or not.
  ///
  /// If the lists of both versions exist, those of the second are used: their labels are corrected.
  mutating func readDiving48(splits: String?) throws {
    let expected =
      "diving48 needs a folder with Diving48_V2_train.json, Diving48_V2_test.json and Diving48_vocab.json "
      + "(from http://www.svcl.ucsd.edu/projects/resound/dataset.html)"
    var folder = try listFolder(
      splits, expected: expected, extensions: ["json"], classExtensions: ["json"])
    let second = folder.lists.map(\.name).filter { $0.lowercased().contains("v2") }
    let first = folder.lists.map(\.name).filter { !second.contains($0) }
    if !second.isEmpty, !first.isEmpty {
      remark(.skippedLists(taken: second.joined(separator: ", "), others: first))
      folder = folder.filtered(second.contains)
    }
    if let vocabulary = try folder.classList {
      try readVocabulary(ListFile(vocabulary, expected: expected))
    }
    var rows: [(name: String, label: Int, subset: Subset, place: ListFile.Place)] = []
    var parts: (count: Int, first: ListFile.Place)?
    for (path, subset) in try folder.onePerSubset {
      try ListFile(path, expected: expected).forEachJSONEntry { place, entry in
        guard let words = entry["vid_name"]?.words else {
          throw place.error("the entry has no vid_name")
        }
        let name = try place.checkedComponent(words)
        guard let value = entry["label"] else {
          return try skipUnlabeled(subset, at: place)
        }
        let limit = classNames.isEmpty ? Self.classLimit : classNames.count
        guard let label = value.integer, (0..<limit).contains(label) else {
          throw place.error("the label of \(name) must be from 0 to \(limit - 1)")
        }
        if let start = entry["start_frame"]?.integer, start > 0 {
          parts = ((parts?.count ?? 0) + 1, parts?.first ?? place)
        }
        rows.append((name, label, subset, place))
      }
    }
    if let (count, first) = parts { remark(.partsOfVideos(count, first: first.description)) }
    if classNames.isEmpty { numberClasses(rows.lazy.map(\.label)) }
    let folders = [videosFolder, "\(videosFolder)/rgb", "\(videosFolder)/videos"]
    for row in rows {
      try add(
        row.name, label: row.label, subset: row.subset,
        in: VideoPlaces(names: [row.name], folders: folders), at: row.place)
    }
  }

  private mutating func readVocabulary(_ list: ListFile) throws {
    try list.forEachJSONElement { place, value in
      let words: [String]
      switch value {
      case .list(let parts): words = parts.compactMap(\.words)
      case .text(let text): words = [text]
      case .number, .object, .word: words = []
      }
      let name = try place.checkedText(words.joined(separator: " "))
      guard !name.isEmpty, !classNames.contains(name) else {
        throw place.error(
          name.isEmpty
            ? "a class must be a list of words, as in: [\"Back\", \"15som\", \"05Twis\", \"FREE\"]"
            : "the class \(name) appears twice")
      }
      // Each class is compared with all earlier ones.
      guard classNames.count < 1000 else { throw place.error("there are more than 1000 classes") }
      classNames.append(name)
    }
  }
}
