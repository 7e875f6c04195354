extension DatasetReading {
  /// Reads Something-Something V2 (Goyal et al., 2017): `train.json` and `validation.json` list videos with their ids and
  /// the templates of their labels, such as "Putting [something] on [something]"; `labels.json` numbers the templates,
  /// which it writes without brackets. The names may begin with `something-something-v2-`. Videos are `ID.webm` or
  /// `ID.mp4`.
  ///
  /// `test.json` has no templates and is not used: the literature reports the accuracy on the validation videos.
  mutating func readSomethingSomethingV2(splits: String?) throws {
    let expected =
      "ssv2 needs a folder with train.json, validation.json and labels.json "
      + "(from https://www.qualcomm.com/developer/software/something-something-v-2-dataset)"
    let folder = try listFolder(
      splits, expected: expected, extensions: ["json"], classExtensions: ["json"])
    guard let labelsFile = try folder.classList else {
      throw DatasetError.unsuitable(
        path: folder.path, problem: "has no labels.json, which numbers the classes: \(expected)")
    }
    try readTemplates(ListFile(labelsFile, expected: expected))
    var labels = ClassLabels(classNames)
    let folders = [videosFolder, "\(videosFolder)/20bn-something-something-v2"]
    for (path, subset) in try folder.onePerSubset {
      try ListFile(path, expected: expected).forEachJSONEntry { place, entry in
        guard let words = entry["id"]?.words else { throw place.error("the entry has no id") }
        let id = try place.checkedComponent(words)
        guard let template = entry["template"]?.words else {
          return try skipUnlabeled(subset, at: place)
        }
        let className = template.filter { $0 != "[" && $0 != "]" }
        guard let label = labels.label(of: className) else {
          throw place.error("the template of \(id) is not in labels.json: \(template)")
        }
        try add(
          id, label: label, subset: subset, in: VideoPlaces(names: [id], folders: folders),
          at: place)
      }
    }
    for finding in labels.remarks { remark(finding) }
  }

  /// Reads an object with a number for each template. The numbers, with or without quotes, count from 0 without gaps.
  private mutating func readTemplates(_ list: ListFile) throws {
    var found: [Int: String] = [:]
    var place = ListFile.Place(path: list.path, line: 1)
    try list.forEachJSONMember { member, name, value in
      place = member
      guard let number = value.integer, (0..<Self.classLimit).contains(number) else {
        throw member.error("the number of \(name) must be from 0 to \(Self.classLimit - 1)")
      }
      let className = try member.checkedText(name.filter { $0 != "[" && $0 != "]" })
      if let other = found.updateValue(className, forKey: number) {
        throw member.error("\(other) and \(className) have the same number \(number)")
      }
    }
    guard !found.isEmpty, found.keys.allSatisfy({ $0 < found.count }) else {
      throw place.error(
        "the classes must be numbered 0 to \(max(found.count, 1) - 1) without a gap")
    }
    classNames = (0..<found.count).map { found[$0]! }
    guard Set(classNames).count == classNames.count else {
      throw place.error("a class appears twice")
    }
  }
}
